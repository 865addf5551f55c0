#include "bench/sound.h"

#include <gtest/gtest.h>

#include "audio/decode.h"
#include "base/file.h"
#include "base/testing.h"

namespace sotto::bench {
namespace {

TEST(Sound, IsReadAgainFromItsFile) {
  const sotto::testing::TemporaryFolder folder;
  std::vector<float> samples = made_up_sound(0.1);
  ASSERT_EQ(samples.size(), 1600u);
  samples[0] = 2;  // no more than a sample holds
  samples[1] = -2;
  write_file_atomically(folder / "a.wav", wav_of(samples));
  const audio::Audio read = audio::decode_file(folder / "a.wav");
  EXPECT_FALSE(read.warning);
  ASSERT_EQ(read.samples.size(), samples.size());
  EXPECT_NEAR(read.samples[0], 1, 1e-4);
  EXPECT_NEAR(read.samples[1], -1, 1e-4);
  for (std::size_t i = 2; i < samples.size(); ++i) {
    EXPECT_NEAR(read.samples[i], samples[i], 1e-4) << i;
  }
}

}  // namespace
}  // namespace sotto::bench
