#include "model/likelihood.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace sotto::model {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(LogSumExp, IsStableAndHonest) {
  EXPECT_NEAR(log_sum_exp(std::vector{1.0f, 2.0f, 3.0f}), 3.4076059644, 1e-7);
  EXPECT_NEAR(log_sum_exp(std::vector{1000.0f, 1000.0f}), 1000 + std::log(2.0), 1e-6);
  EXPECT_NEAR(log_sum_exp(std::vector{0.0f, -kInfinity}), 0.0, 1e-12);
  EXPECT_EQ(log_sum_exp(std::vector{-kInfinity, -kInfinity}), -kInfinity);
  EXPECT_TRUE(std::isnan(log_sum_exp(std::vector{0.0f, std::nanf(""), 1.0f})));
}

TEST(LogAddExp, IsStable) {
  EXPECT_NEAR(log_add_exp(1000, 1000), 1000 + std::log(2.0), 1e-9);
  EXPECT_EQ(log_add_exp(-kInfinity, 3), 3);
  EXPECT_EQ(log_add_exp(-kInfinity, -kInfinity), -kInfinity);
  EXPECT_TRUE(std::isnan(log_add_exp(std::nan(""), 3)));
  EXPECT_TRUE(std::isnan(log_add_exp(3, std::nan(""))));
}

TEST(FindLikeliest, LooksAtTheAllowedTokensOfEachRange) {
  const std::vector<float> logits = {9, 1, 4, 4, 7, 2, 3};
  const auto [text, times] =
      find_likeliest(logits, {.ranges = {{{1, 5}, {5, 7}}}, .forbidden = std::vector{4, 6}});
  EXPECT_EQ(text.token, 2);  // the first of equals
  EXPECT_EQ(text.logit, 4);
  EXPECT_NEAR(text.log_sum_exp, std::log(std::exp(1.0) + 2 * std::exp(4.0)), 1e-6);
  EXPECT_EQ(times.token, 5);
  EXPECT_NEAR(times.log_sum_exp, 2, 1e-6);
}

TEST(FindLikeliest, OfNothingIsMinusInfinity) {
  const std::vector<float> logits = {9, 1};
  const auto [text, times] =
      find_likeliest(logits, {.ranges = {{{0, 2}, {2, 1}}}, .forbidden = std::vector{0, 1}});
  for (const Likeliest& found : {text, times}) {
    EXPECT_EQ(found.logit, -kInfinity);
    EXPECT_EQ(found.log_sum_exp, -kInfinity);
  }
}

}  // namespace
}  // namespace sotto::model
