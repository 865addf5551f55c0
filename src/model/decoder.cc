#include "model/decoder.h"

namespace sotto::model {

void Decoder::step(std::span<Step> steps) {
  for (Step& step : steps) {
    step.found = find_likeliest(step.sequence->append({&step.token, 1}, 1), step.allowed);
  }
}

}  // namespace sotto::model
