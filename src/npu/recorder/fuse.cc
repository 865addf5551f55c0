#include "npu/recorder/fuse.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>
#include <utility>

#include "npu/recorder/walk.h"

namespace sotto::npu::recorder {
namespace {

class Fuser {
 public:
  explicit Fuser(Items& list, const Writers& writers, const Readers& readers)
      : list_(list), writers_(writers), readers_(readers) {
    for (Item& item : list_) {
      if (!item.loop) here_.insert(&item.step);
    }
  }

  void run() {
    for (Item& item : list_) {
      if (item.loop) continue;
      switch (item.step.opcode) {
        case Opcode::vmac_f:
          begin_with_zeros(item.step, Opcode::vmul_f);
          break;
        case Opcode::vmac:
          begin_with_zeros(item.step, Opcode::vmul);
          break;
        case Opcode::vconv_fp32_bf16:
          load_and_convert(item.step);
          break;
        case Opcode::vmov_bm_x:
          load_accumulator(item.step);
          break;
        case Opcode::vst:
          store_other(item.step);
          break;
        case Opcode::vbcst:
          broadcast_lane(item.step);
          break;
        default:
          break;
      }
    }
  }

 private:
  /// The one step that writes all of this use, if it does so in this iteration.
  Step* writer_of(const Use& use) const {
    const auto found = writers_.find(use.part.value);
    if (use.distance != 0 || found == writers_.end() || found->second.size() != 1) return nullptr;
    return found->second[0];
  }
  /// The load in this list that writes the unit, if nobody else reads that.
  Step* only_load_of(int value, int unit) const {
    const auto found = writers_.find(value);
    if (found == writers_.end() || readers_.count(value, unit) != 1) return nullptr;
    for (Step* step : found->second) {
      if (step->opcode == Opcode::vld && step->kind == StepKind::instruction &&
          step->defs[0].first == unit && here_.contains(step)) {
        return step;
      }
    }
    return nullptr;
  }

  static void begin_with(Step& step, Opcode opcode) {
    step.opcode = opcode;
    step.uses.erase(step.uses.begin());
    step.effect = [effect = std::move(step.effect)](std::span<const Bits> sources,
                                                    std::span<Bits> results) {
      std::vector<Bits> all(1);
      all.insert(all.end(), sources.begin(), sources.end());
      effect(all, results);
    };
  }
  void begin_with_zeros(Step& step, Opcode opcode) const {
    const Step* const writer = writer_of(step.uses[0]);
    if (writer == nullptr) return;
    if (writer->opcode == Opcode::vclr || writer->opcode == Opcode::vclr_f)
      begin_with(step, opcode);
  }

  /// The load takes the place of both; the conversion dies.
  void load_and_convert(Step& convert) {
    const Part source = convert.uses[0].part;
    if (convert.uses[0].distance != 0) return;
    Step* const load = only_load_of(source.value, source.first);
    if (load == nullptr) return;
    load->opcode = Opcode::vlda_conv;
    load->defs = {convert.defs[0]};
    load->effect = std::move(convert.effect);
    retire(convert);
  }

  void load_accumulator(Step& move) {
    const Part source = move.uses[0].part;
    if (move.uses[0].distance != 0 || source.units != 2) return;
    Step* const low = only_load_of(source.value, source.first);
    Step* const high = only_load_of(source.value, source.first + 1);
    if (low == nullptr || high == nullptr) return;
    for (const auto& [load, half] : {std::pair(low, 0), std::pair(high, 1)}) {
      load->opcode = Opcode::vlda_am;
      load->defs = {{move.defs[0].value, half, 1}};
    }
    retire(move);
  }

  /// Stores straight from an accumulator, as it is or converted.
  void store_other(Step& store) const {
    const Part stored = store.uses[0].part;
    const Step* const writer = writer_of(store.uses[0]);
    if (writer == nullptr || writer->uses.empty() || !here_.contains(writer)) return;
    const Part source = writer->uses[0].part;
    const int distance = writer->uses[0].distance;
    if (writer->opcode == Opcode::vmov_x_bm && only_stored(stored.value)) {
      store.opcode = Opcode::vst_am;
      store.uses = {{{source.value, source.first + stored.first, 1}, RegisterClass::am, distance}};
    } else if (writer->opcode == Opcode::vsrs_cm_x && only_stored(stored.value)) {
      store_shifted(store, *writer);
    } else if (writer->opcode == Opcode::vconv_bf16_fp32 && readers_.count(stored.value, 0) == 1) {
      store.opcode = Opcode::vst_conv;
      store.uses = {{source, RegisterClass::bm, distance}};
      store.effect = writer->effect;
      store.rounds = true;
    }
  }
  /// Half of an accumulator of integers, shifted and rounded on its way.
  static void store_shifted(Step& store, const Step& shift) {
    const int half = store.uses[0].part.first;
    Use source = shift.uses[0];
    source.part = {source.part.value, source.part.first + 2 * half, 2};
    source.wanted = RegisterClass::bm;
    store.opcode = Opcode::vst_srs_bm;
    store.suffix = shift.suffix;
    store.uses = {source, shift.uses[1]};
    store.rounds = true;
    store.effect = [half, effect = shift.effect](std::span<const Bits> sources,
                                                 std::span<Bits> results) {
      constexpr int kHalfOfCm = 64, kHalfOfX = 32;
      std::vector<Bits> whole(2), shifted(1);
      std::memcpy(whole[0].bytes.data() + half * kHalfOfCm, sources[0].bytes.data(), kHalfOfCm);
      whole[1] = sources[1];
      effect(whole, shifted);
      std::memcpy(results.back().bytes.data(), shifted[0].bytes.data() + half * kHalfOfX, kHalfOfX);
    };
  }
  bool only_stored(int value) const {
    for (int unit = 0; unit < 2; ++unit) {
      int stores = 0;
      for (const Item& item : list_) {
        if (!item.loop && item.step.is_store && !item.step.uses.empty() &&
            stores_unit(item.step, value, unit)) {
          ++stores;
        }
      }
      if (stores != readers_.count(value, unit)) return false;
    }
    return true;
  }
  /// The readers were counted before stores changed, so a changed store counts as before.
  bool stores_unit(const Step& store, int value, int unit) const {
    const Part part = store.uses[0].part;
    if (store.opcode == Opcode::vst) return part.value == value && part.first == unit;
    const Step* const writer = writers_.at(value)[0];
    const bool moves = writer->opcode == Opcode::vmov_x_bm;
    if (store.opcode != (moves ? Opcode::vst_am : Opcode::vst_srs_bm)) return false;
    const Part source = writer->uses[0].part;
    return part.value == source.value && part.first == source.first + (moves ? unit : 2 * unit);
  }

  void broadcast_lane(Step& broadcast) const {
    const Step* const extract = writer_of(broadcast.uses[0]);
    if (extract == nullptr || extract->opcode != Opcode::vextract) return;
    const Step* const lane = writer_of(extract->uses[1]);
    if (lane == nullptr || lane->opcode != Opcode::set || lane->immediates.size() != 1) return;
    if (!core::encodable(Opcode::vextbcst_imm, core::AddressMode::none, lane->immediates[0]))
      return;
    broadcast.opcode = Opcode::vextbcst_imm;
    broadcast.immediates = lane->immediates;
    broadcast.effect = [extract_effect = extract->effect, effect = broadcast.effect,
                        index = lane->immediates[0]](std::span<const Bits> sources,
                                                     std::span<Bits> results) {
      std::vector<Bits> lane_sources = {sources[0], Bits{}};
      std::memcpy(lane_sources[1].bytes.data(), &index, sizeof index);
      std::vector<Bits> scalar(1);
      extract_effect(lane_sources, scalar);
      effect(scalar, results);
    };
    broadcast.uses = {extract->uses[0]};
  }

  /// A step whose work another one does: nothing reads what it writes now.
  static void retire(Step& step) {
    step.defs.clear();
    step.uses.clear();
  }

  Items& list_;
  const Writers& writers_;
  const Readers& readers_;
  std::unordered_set<const Step*> here_;
};

}  // namespace

void fuse(Trace& trace) {
  const Writers writers = writers_of(trace.items);
  const Readers readers(trace.items);
  for_each_list(trace.items, [&](Items& list) { Fuser(list, writers, readers).run(); });
}

}  // namespace sotto::npu::recorder
