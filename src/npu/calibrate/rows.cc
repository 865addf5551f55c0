#include "npu/calibrate/row.h"

namespace sotto::npu::calibrate {

std::vector<Row> rows() {
  std::vector<Row> all;
  for (auto family :
       {stream_rows, memory_rows, controller_rows, product_rows, unclocked_rows, chip_rows}) {
    for (Row& row : family()) all.push_back(std::move(row));
  }
  return all;
}

}  // namespace sotto::npu::calibrate
