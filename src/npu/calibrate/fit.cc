#include "npu/calibrate/fit.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sotto::npu::calibrate {
namespace {

constexpr double kStep = 0.05;     // of a parameter, for a slope
constexpr double kNoSlope = 0.01;  // of a row by a parameter: no dependence
constexpr double kRidge = 1e-5;

/// Solves a x = b for a positive definite a.
std::vector<double> solve(std::vector<std::vector<double>> a, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t row = i + 1; row < n; ++row) {
      const double factor = a[row][i] / a[i][i];
      for (std::size_t j = i; j < n; ++j) a[row][j] -= factor * a[i][j];
      b[row] -= factor * b[i];
    }
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t j = i + 1; j < n; ++j) b[i] -= a[i][j] * b[j];
    b[i] /= a[i][i];
  }
  return b;
}

/// Parameters that some used row depends on.
std::vector<bool> determined(const Linear& linear, const std::vector<bool>& used) {
  std::vector<bool> result(free_parameters().size(), false);
  for (std::size_t i = 0; i < used.size(); ++i) {
    for (std::size_t j = 0; used[i] && j < result.size(); ++j) {
      if (std::fabs(linear.slopes[i][j]) > kNoSlope) result[j] = true;
    }
  }
  return result;
}

}  // namespace

std::span<const Parameter> free_parameters() {
  using sim::Costs;
  static constexpr Parameter all[] = {
      {"ring_turn", &Costs::ring_turn},
      {"request", &Costs::request},
      {"request_byte", &Costs::request_byte},
      {"new_page", &Costs::new_page},
      {"interference_permille", &Costs::interference_permille},
      {"duplex_permille", &Costs::duplex_permille},
      {"read_latency", &Costs::read_latency},
      {"operation", &Costs::operation},
      {"push", &Costs::push},
      {"dispatch_in_list", &Costs::dispatch_in_list},
      {"dispatch_call", &Costs::dispatch_call},
      {"dispatch_jit", &Costs::dispatch_jit},
      {"dispatch_single", &Costs::dispatch_single},
  };
  return all;
}

std::vector<double> simulate_all(const std::vector<Row>& rows, const sim::Costs& costs,
                                 ThreadPool& pool) {
  std::vector<double> all(rows.size(), std::numeric_limits<double>::quiet_NaN());
  pool.parallel_for(static_cast<std::int64_t>(rows.size()), [&](std::int64_t i, int) {
    const std::size_t at = static_cast<std::size_t>(i);
    if (rows[at].simulate) all[at] = rows[at].simulate(costs);
  });
  return all;
}

Linear linearize(const std::vector<Row>& rows, const sim::Costs& costs, ThreadPool& pool) {
  Linear linear;
  std::vector<Row> gating;
  for (const Row& row : rows) {
    if (!row.gating) continue;
    gating.push_back(row);
    linear.rows.push_back(&row);
  }
  const std::vector<double> values = simulate_all(gating, costs, pool);
  for (std::size_t i = 0; i < gating.size(); ++i) {
    linear.errors.push_back(std::log(values[i] / gating[i].published));
    linear.slopes.emplace_back();
  }
  for (const Parameter& parameter : free_parameters()) {
    sim::Costs changed = costs;
    const double before = static_cast<double>(costs.*parameter.value);
    changed.*parameter.value = std::max(std::llround(before * (1 + kStep)), llround(before) + 1);
    changed.write_request = changed.request;
    const double step = std::log(static_cast<double>(changed.*parameter.value) / before);
    const std::vector<double> there = simulate_all(gating, changed, pool);
    for (std::size_t i = 0; i < gating.size(); ++i) {
      linear.slopes[i].push_back(std::log(there[i] / values[i]) / step);
    }
  }
  return linear;
}

std::vector<double> step_to_least_squares(const Linear& linear, const std::vector<bool>& used) {
  const std::size_t n = free_parameters().size();
  const std::vector<bool> moves = determined(linear, used);
  std::vector<std::vector<double>> a(n, std::vector<double>(n, 0));
  std::vector<double> b(n, 0);
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) continue;
    for (std::size_t j = 0; j < n; ++j) {
      if (!moves[j]) continue;
      b[j] -= linear.slopes[i][j] * linear.errors[i];
      for (std::size_t k = 0; k < n; ++k) {
        if (moves[k]) a[j][k] += linear.slopes[i][j] * linear.slopes[i][k];
      }
    }
  }
  for (std::size_t j = 0; j < n; ++j) a[j][j] += moves[j] ? kRidge : 1;
  return solve(std::move(a), std::move(b));
}

std::vector<LeftOut> leave_each_out(const Linear& linear) {
  std::vector<LeftOut> all;
  for (const Row* row : linear.rows) {
    if (std::any_of(all.begin(), all.end(),
                    [&](const LeftOut& left) { return left.source == row->source; })) {
      continue;
    }
    std::vector<bool> used;
    for (const Row* other : linear.rows) used.push_back(other->source != row->source);
    const std::vector<bool> known = determined(linear, used);
    const std::vector<double> step = step_to_least_squares(linear, used);
    LeftOut left{row->source};
    for (std::size_t i = 0; i < used.size(); ++i) {
      if (used[i]) continue;
      double error = linear.errors[i];
      bool alone = false;
      for (std::size_t j = 0; j < known.size(); ++j) {
        alone |= !known[j] && std::fabs(linear.slopes[i][j]) > kNoSlope;
        error += linear.slopes[i][j] * step[j];
      }
      ++(alone ? left.undetermined : left.rows);
      if (!alone) left.error += std::pow(std::exp(error) - 1, 2);
    }
    if (left.rows > 0) left.error = std::sqrt(left.error / left.rows);
    all.push_back(left);
  }
  return all;
}

}  // namespace sotto::npu::calibrate
