// rnet-plan-buffers: a place for each tensor and mask, by first fit over lifetimes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

#include <map>
#include <queue>

namespace rnet {
#define GEN_PASS_DEF_PLANBUFFERS
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

namespace {

/// Something that needs a place from the op that makes it to its last use, both included.
struct Buffer {
  Value value;
  int64_t size;
  int64_t first, last;
  int64_t place = 0;
};

/// First fit, largest first; returns the size of the whole. Takes time with the square of their
/// number, as far as they live at once.
int64_t assignBySize(MutableArrayRef<Buffer *> buffers) {
  llvm::stable_sort(buffers, [](const Buffer *a, const Buffer *b) { return a->size > b->size; });
  SmallVector<const Buffer *> placed; // by place
  int64_t end = 0;
  for (Buffer *buffer : buffers) {
    int64_t place = 0;
    for (const Buffer *other : placed) {
      if (other->last < buffer->first || buffer->last < other->first)
        continue;
      if (place + buffer->size <= other->place)
        break;
      place = std::max(place, other->place + other->size);
    }
    buffer->place = place;
    end = std::max(end, place + buffer->size);
    placed.insert(
        llvm::upper_bound(placed, place,
                          [](int64_t p, const Buffer *other) { return p < other->place; }),
        buffer);
  }
  return end;
}

/// First fit in the order of the program; returns the size of the whole.
int64_t assignByTime(MutableArrayRef<Buffer *> buffers) {
  llvm::stable_sort(buffers, [](const Buffer *a, const Buffer *b) { return a->first < b->first; });
  auto endsLater = [](const Buffer *a, const Buffer *b) { return a->last > b->last; };
  std::priority_queue<const Buffer *, std::vector<const Buffer *>, decltype(endsLater)> live(
      endsLater);
  std::map<int64_t, int64_t> holes; // place to size; no two touch
  int64_t end = 0;
  auto release = [&](int64_t place, int64_t size) {
    auto next = holes.lower_bound(place);
    if (next != holes.end() && place + size == next->first) {
      size += next->second;
      next = holes.erase(next);
    }
    if (next != holes.begin())
      if (auto before = std::prev(next); before->first + before->second == place) {
        before->second += size;
        return;
      }
    holes.insert({place, size});
  };
  for (Buffer *buffer : buffers) {
    for (; !live.empty() && live.top()->last < buffer->first; live.pop())
      release(live.top()->place, live.top()->size);
    auto hole = llvm::find_if(holes, [&](const auto &hole) {
      const auto &[place, size] = hole;
      return size >= buffer->size || place + size == end; // the last one can grow
    });
    buffer->place = hole == holes.end() ? end : hole->first;
    if (hole != holes.end()) {
      const int64_t left = hole->second - buffer->size;
      holes.erase(hole);
      if (left > 0)
        holes.insert({buffer->place + buffer->size, left});
    }
    end = std::max(end, buffer->place + buffer->size);
    live.push(buffer);
  }
  return end;
}

/// The better of both, where there are few enough for the one that takes longer.
int64_t assignPlaces(MutableArrayRef<Buffer *> buffers) {
  constexpr size_t kMany = 4096;
  const int64_t byTime = assignByTime(buffers);
  if (buffers.size() > kMany)
    return byTime;
  std::vector<std::pair<Buffer *, int64_t>> places;
  for (Buffer *buffer : buffers)
    places.push_back({buffer, buffer->place});
  const int64_t bySize = assignBySize(buffers);
  if (bySize <= byTime)
    return bySize;
  for (auto [buffer, place] : places)
    buffer->place = place;
  return byTime;
}

/// The size of what is alive when most is.
int64_t findPeak(ArrayRef<Buffer *> buffers) {
  std::map<int64_t, int64_t> changes; // time to growth
  for (const Buffer *buffer : buffers) {
    changes[buffer->first] += buffer->size;
    changes[buffer->last + 1] -= buffer->size;
  }
  int64_t alive = 0, peak = 0;
  for (auto [time, growth] : changes)
    peak = std::max(peak, alive += growth);
  return peak;
}

struct PlanBuffers : rnet::impl::PlanBuffersBase<PlanBuffers> {
  using PlanBuffersBase::PlanBuffersBase;

  void runOnOperation() override {
    ProgramOp program = getOperation();
    llvm::MapVector<Value, Buffer> buffers = findBuffers(program);
    SmallVector<Buffer *> tensors, masks;
    for (auto &[value, buffer] : buffers)
      (isMask(value.getType()) ? masks : tensors).push_back(&buffer);
    const int64_t columns = assignPlaces(tensors), maskCount = assignPlaces(masks);
    if (report)
      mlir::emitRemark(program.getLoc())
          << program.getSymName() << " has " << columns << " columns, " << findPeak(tensors)
          << " of them alive at once";

    for (Operation &op : program.getBody().front()) {
      SmallVector<int64_t> places;
      bool any = false;
      for (Value result : op.getResults()) {
        auto found = buffers.find(result);
        places.push_back(found == buffers.end() ? -1 : found->second.place);
        any |= found != buffers.end();
      }
      if (any || op.hasAttr(kSentAtAttr))
        op.setAttr(kPlaceAttr, DenseI64ArrayAttr::get(&getContext(), places));
    }
    program.setArenaAttr(ArenaAttr::get(&getContext(), columns, maskCount));
  }

private:
  llvm::MapVector<Value, Buffer> findBuffers(ProgramOp program) {
    llvm::MapVector<Value, Buffer> buffers;
    Block &body = program.getBody().front();
    const bool trains = program.getRole() == Role::Train;
    const int64_t end = static_cast<int64_t>(std::distance(body.begin(), body.end()));
    int64_t time = 0;
    for (Operation &op : body) {
      for (Value operand : op.getOperands())
        if (auto found = buffers.find(lookThroughViews(operand)); found != buffers.end())
          // What training hands to other nodes is read until they are done.
          found->second.last =
              std::max(found->second.last, trains && isa<SendOp, SendGradientOp>(op) ? end : time);
      if (!isa<ReceiveOp, ReceiveGradientOp, AliveOp>(op) && !isView(&op))
        for (Value result : op.getResults()) {
          if (!trains && !isMask(result.getType()))
            if (std::optional<int64_t> sentAt = findSend(result)) {
              op.setAttr(kSentAtAttr,
                         IntegerAttr::get(IntegerType::get(&getContext(), 64), *sentAt));
              continue;
            }
          const int64_t size =
              isMask(result.getType()) ? 1 : llvm::alignTo(getRowWidth(result.getType()), 16);
          buffers.insert({result, Buffer{result, size, time, time}});
        }
      ++time;
    }
    return buffers;
  }

  /// The output that a value is sent at, once only: it can be computed there.
  static std::optional<int64_t> findSend(Value value) {
    SmallVector<int64_t> sends;
    collectSends(value, sends);
    return sends.size() == 1 ? std::optional(sends.front()) : std::nullopt;
  }
  static void collectSends(Value value, SmallVectorImpl<int64_t> &sends) {
    for (Operation *user : value.getUsers())
      if (auto send = dyn_cast<SendOp>(user))
        sends.push_back(send.getIndex());
      else if (isView(user))
        collectSends(user->getResult(0), sends);
  }
};
} // namespace
