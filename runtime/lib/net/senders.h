// Streams to the nodes behind this one: activations and heartbeats. They dial, and dial again.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "identity.h"
#include "node.grpc.pb.h"
#include "wire.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>

namespace rnet::net {

/// Milliseconds between attempts to connect: first, most.
inline constexpr int kBackoff[] = {20, 200};

/// A channel to a node, which must prove that it is this one unless the credentials are none.
std::shared_ptr<grpc::Channel> dial(const std::string &address, const Credentials &credentials,
                                    const std::string &node);

/// A client stream of one kind of message that is opened again whenever it breaks. `tick` is called
/// every 10 ms from one thread; everything else from any.
template <class T> class Stream {
public:
  using Start = std::function<void(proto::Node::Stub &, grpc::ClientContext *, proto::Ack *,
                                   grpc::ClientWriteReactor<T> *)>;

  /// `greeting` goes first on every new stream. More than `capacity` waiting messages push out the
  /// oldest.
  Stream(std::shared_ptr<grpc::Channel> channel, Start start, T greeting, std::size_t capacity)
      : stub_(proto::Node::NewStub(channel)), start_(std::move(start)),
        greeting_(std::move(greeting)), capacity_(capacity) {}
  ~Stream() {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    cancel();
    done_.wait(lock, [&] { return !call_; });
  }

  /// Changes what new streams are greeted with.
  void greet(const std::function<void(T &)> &change) {
    std::lock_guard lock(mutex_);
    change(greeting_);
  }
  void write(T message) {
    std::lock_guard lock(mutex_);
    if (!call_ || !held_)
      return; // nobody listens: the receiver knows that this sender is gone
    queue_.push_back(std::move(message));
    if (queue_.size() > capacity_) {
      queue_.pop_front();
      ++dropped_;
    }
    pump();
  }
  /// Messages that were pushed out.
  std::uint64_t dropped() const {
    std::lock_guard lock(mutex_);
    return dropped_;
  }
  /// Opens the stream anew: its receiver has gone, which an idle stream does not notice by itself.
  void restart() {
    std::lock_guard lock(mutex_);
    cancel();
  }
  bool open() const {
    std::lock_guard lock(mutex_);
    return call_ && held_;
  }
  bool idle() const {
    std::lock_guard lock(mutex_);
    return call_ && queue_.empty() && !writing_;
  }

  void tick() {
    std::lock_guard lock(mutex_);
    if (call_ || stopping_ || Clock::now() < next_try_)
      return;
    call_ = new Call(*this);
    writing_ = false;
    queue_.assign(1, greeting_);
    start_(*stub_, &call_->context, &call_->ack, call_);
    // Writes start on other threads than gRPC's own: without a hold the call could end under them.
    held_ = true;
    call_->AddHold();
    pump();
    call_->StartCall();
  }

private:
  struct Call : grpc::ClientWriteReactor<T> {
    explicit Call(Stream &stream) : stream(stream) {}
    void OnWriteDone(bool ok) override {
      std::lock_guard lock(stream.mutex_);
      stream.writing_ = false;
      if (ok)
        stream.pump();
      else
        stream.release();
    }
    void OnDone(const grpc::Status &) override {
      {
        std::lock_guard lock(stream.mutex_);
        stream.call_ = nullptr;
        stream.queue_.clear();
        stream.next_try_ = Clock::now() + std::chrono::milliseconds(kBackoff[0]);
        stream.done_.notify_all();
      }
      delete this;
    }
    Stream &stream;
    grpc::ClientContext context;
    proto::Ack ack;
  };

  // The rest with the lock.
  void release() {
    if (std::exchange(held_, false))
      call_->RemoveHold(); // OnDone follows, on a thread of gRPC's
  }
  void cancel() {
    if (call_)
      call_->context.TryCancel();
    release();
  }
  void pump() {
    if (writing_ || queue_.empty() || !held_)
      return;
    writing_ = true;
    current_ = std::move(queue_.front());
    queue_.pop_front();
    // What follows at once may leave with it.
    call_->StartWrite(&current_, queue_.empty() ? grpc::WriteOptions()
                                                : grpc::WriteOptions().set_buffer_hint());
  }

  std::unique_ptr<proto::Node::Stub> stub_;
  Start start_;
  T greeting_;
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable done_;
  std::deque<T> queue_;
  T current_;
  Call *call_ = nullptr; ///< deletes itself when it is done
  bool writing_ = false, held_ = false, stopping_ = false;
  Time next_try_{};
  std::uint64_t dropped_ = 0;
};

} // namespace rnet::net
