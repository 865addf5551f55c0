#include "base/affinity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/error.h"
#include "base/testing.h"

namespace sotto {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;

/// Each test changes the CPUs of a thread of its own.
void on_a_thread(const std::function<void()>& body) {
  std::thread(body).join();
}

TEST(Affinity, OfAThreadIsForAsLongAsItIsWanted) {
  on_a_thread([] {
    const std::vector<int> all = allowed_cpus();
    ASSERT_FALSE(all.empty());
    for (const int cpu : all) {
      const CpusOfThisThread one({&cpu, 1});
      EXPECT_THAT(allowed_cpus(), ElementsAre(cpu));
      EXPECT_EQ(one.before(), all);
      std::thread([&] { EXPECT_THAT(allowed_cpus(), ElementsAre(cpu)) << "inherited"; }).join();
      {
        const CpusOfThisThread again(one.before());
        EXPECT_EQ(allowed_cpus(), all);
      }
      EXPECT_THAT(allowed_cpus(), ElementsAre(cpu));
    }
    EXPECT_EQ(allowed_cpus(), all);
  });
}

TEST(Affinity, ACpuThatIsNotThereIsRefused) {
  on_a_thread([] {
    const std::vector<int> all = allowed_cpus();
    for (const int cpu : {1023, 100000, -1}) {
      if (std::ranges::find(all, cpu) != all.end()) continue;
      EXPECT_THAT(message_of(ErrorKind::unsupported,
                             [&] {
                               CpusOfThisThread({&cpu, 1});
                             }),
                  AllOf(HasSubstr("does not let a thread be pinned to CPU " + std::to_string(cpu)),
                        HasSubstr(": ")));
      EXPECT_EQ(allowed_cpus(), all);
    }
  });
}

TEST(Affinity, EachThreadGetsACpuOfItsOwn) {
  const std::vector<int> all = allowed_cpus();
  const int n = static_cast<int>(all.size());
  EXPECT_THAT(cpus_to_pin(n), ::testing::UnorderedElementsAreArray(all));
  EXPECT_EQ(cpus_to_pin(1).size(), 1u);
  EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { cpus_to_pin(n + 1); }),
              AllOf(HasSubstr(std::to_string(n + 1) + " threads cannot be pinned to a CPU each"),
                    HasSubstr(": CPUs that may be used: " + std::to_string(n) + " (")));
}

}  // namespace
}  // namespace sotto
