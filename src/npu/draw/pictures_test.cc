#include "npu/draw/pictures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "npu/design/check/check.h"
#include "npu/design/examples/gemm.h"
#include "npu/design/examples/passthrough.h"
#include "npu/design/lower.h"
#include "npu/sim/simulate.h"
#include "picture/canvas.h"

namespace sotto::npu::draw {
namespace {

using design::ArrayProgram;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Drawn {
  sim::Report report;
  std::string svg, png;
};

Drawn draw(const ArrayProgram& program) {
  sim::KernelLibrary library;
  library.add("passthrough", {}, sim::Cycle{164});
  library.add("zero_sums", {}, sim::Cycle{542});
  library.add("gemm_bf16", {}, [](const sim::CallArguments&) {
    return sim::Cost{2208, {1072, 1024, 2048}};
  });
  sim::Trace trace;
  sim::Options options;
  options.mode = sim::Mode::timing;
  options.trace = &trace;
  const sim::Report report = sim::simulate(program, library, options);
  const Picture both =
      above(array_picture("it", program, &report), timeline_picture("it", program, trace, report));
  return {report, to_svg(both), to_png(both)};
}

ArrayProgram lowered(design::Design design) {
  return design::lower(design::check(std::move(design)));
}

std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

/// Opens and closes its elements in order, and has no bare & or < in texts.
void expect_well_formed(const std::string& svg) {
  EXPECT_THAT(svg, StartsWith("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_THAT(svg, EndsWith("</svg>\n"));
  std::vector<std::string> open;
  for (std::size_t at = svg.find('<'); at != svg.npos; at = svg.find('<', at + 1)) {
    const std::size_t end = svg.find('>', at);
    ASSERT_NE(end, svg.npos);
    const std::string tag = svg.substr(at + 1, end - at - 1);
    if (tag.starts_with('/')) {
      ASSERT_FALSE(open.empty());
      EXPECT_EQ(open.back(), tag.substr(1));
      open.pop_back();
    } else if (!tag.ends_with('/')) {
      open.push_back(tag.substr(0, tag.find(' ')));
    }
  }
  EXPECT_TRUE(open.empty());
}

TEST(Pictures, AreFilesThatNameEveryFifo) {
  const design::Design product = design::gemm({256, 64, 256});
  for (const design::Design& design : {design::passthrough(2048), product}) {
    const Drawn drawn = draw(lowered(design));
    expect_well_formed(drawn.svg);
    for (const design::Fifo& fifo : design.fifos) EXPECT_THAT(drawn.svg, HasSubstr(fifo.name));
    EXPECT_THAT(drawn.svg, HasSubstr("it: simulated at 1800 MHz, not measured"));
    EXPECT_THAT(drawn.png, StartsWith("\x89PNG\r\n\x1a\n"));
    EXPECT_EQ(drawn.png.substr(12, 4), "IHDR");
    EXPECT_GT(big_endian(drawn.png, 16), 1000u);
    EXPECT_GT(big_endian(drawn.png, 20), 1000u);
    EXPECT_EQ(drawn.png.substr(drawn.png.size() - 8, 4), "IEND");
  }
}

TEST(Pictures, AreTheSameBytesEachTime) {
  const ArrayProgram program = lowered(design::gemm({256, 64, 256}));
  const Drawn first = draw(program), second = draw(program);
  EXPECT_EQ(first.svg, second.svg);
  EXPECT_TRUE(first.png == second.png);
}

TEST(Pictures, ShowWhereADesignStandsStill) {
  ArrayProgram program = lowered(design::passthrough(2048));
  EXPECT_THAT(draw(program).svg, Not(HasSubstr("nothing moves any more")));
  // Without its fill: pushes into the queue of mm2s 0 of the shim.
  design::InstructionStream stream = design::decode(program.instructions);
  for (design::Instruction& instruction : stream.instructions) {
    auto* write = std::get_if<design::Write>(&instruction);
    if (write != nullptr && write->address == 0x1D214) write->address = 0x1D210;
  }
  program.instructions = design::encode(stream);
  const Drawn drawn = draw(program);
  ASSERT_FALSE(drawn.report.finished());
  expect_well_formed(drawn.svg);
  EXPECT_THAT(drawn.svg, HasSubstr("nothing moves any more"));
  EXPECT_THAT(drawn.svg, HasSubstr(">waits for in.in0.full<"));
  EXPECT_THAT(drawn.svg, HasSubstr(">no word comes<"));
  EXPECT_THAT(drawn.svg, HasSubstr("mm2s 0 of shim (0,0), 'in' has no task left"));
}

TEST(Pictures, KeepWhatXmlReserves) {
  const Picture picture{
      "a < b & \"c\"", 10, 10, [](picture::Canvas& canvas) {
        canvas.text({1, 1}, "<&>", 8, picture::rgb(0), picture::Side::right, true);
      }};
  expect_well_formed(to_svg(picture));
  EXPECT_THAT(to_svg(picture),
              HasSubstr("text-anchor=\"end\" font-weight=\"bold\">&lt;&amp;&gt;<"));
}

}  // namespace
}  // namespace sotto::npu::draw
