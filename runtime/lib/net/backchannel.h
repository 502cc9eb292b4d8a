// What the receiver of a hyperconnection on standby says back to its sender.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "node.grpc.pb.h"
#include "senders.h"

namespace rnet::net {

/// A stream of words that the sender opens, and opens again whenever it breaks. `tick` is called
/// every 10 ms from one thread; everything else from any.
class Backchannel {
public:
  using Hear = std::function<void(const proto::Word &)>;

  /// `hear` gets each word, and an empty one when the stream has ended; from one thread at a time.
  Backchannel(const std::shared_ptr<grpc::Channel> &channel, proto::Hello greeting, Hear hear)
      : stub_(proto::Node::NewStub(channel)), greeting_(std::move(greeting)),
        hear_(std::move(hear)) {}
  ~Backchannel() {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    if (call_)
      call_->context.TryCancel();
    done_.wait(lock, [&] { return !call_; });
  }

  /// Changes what new streams are greeted with.
  void greet(const std::function<void(proto::Hello &)> &change) {
    std::lock_guard lock(mutex_);
    change(greeting_);
  }
  /// Opens the stream anew: its other end has gone, which a stream does not notice by itself.
  void restart() {
    std::lock_guard lock(mutex_);
    if (call_)
      call_->context.TryCancel();
  }
  void tick() {
    std::lock_guard lock(mutex_);
    if (call_ || stopping_ || Clock::now() < next_try_)
      return;
    call_ = new Call(*this, greeting_);
    stub_->async()->Listen(&call_->context, &call_->greeting, call_);
    call_->StartRead(&call_->word);
    call_->StartCall();
  }

private:
  struct Call : grpc::ClientReadReactor<proto::Word> {
    Call(Backchannel &channel, const proto::Hello &greeting)
        : channel(channel), greeting(greeting) {}
    void OnReadDone(bool ok) override {
      if (!ok)
        return; // OnDone follows
      channel.hear_(word);
      StartRead(&word);
    }
    void OnDone(const grpc::Status &) override {
      channel.hear_({});
      {
        std::lock_guard lock(channel.mutex_);
        channel.call_ = nullptr;
        channel.next_try_ = Clock::now() + std::chrono::milliseconds(kBackoff[0]);
        channel.done_.notify_all();
      }
      delete this;
    }
    Backchannel &channel;
    grpc::ClientContext context;
    const proto::Hello greeting;
    proto::Word word;
  };

  std::unique_ptr<proto::Node::Stub> stub_;
  proto::Hello greeting_;
  const Hear hear_;
  std::mutex mutex_;
  std::condition_variable done_;
  Call *call_ = nullptr; ///< deletes itself when it is done
  bool stopping_ = false;
  Time next_try_{};
};

} // namespace rnet::net
