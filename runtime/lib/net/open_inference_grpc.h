// The Open Inference Protocol over gRPC.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "inference.grpc.pb.h"

#include "gateway.h"

namespace rnet::net::open_inference {

/// Bytes of the largest message that makes sense.
std::size_t largest_message(const NetworkDescription &network);

/// All members from any thread.
class Service final : public inference::GRPCInferenceService::CallbackService {
public:
  explicit Service(Gateway &gateway) : gateway_(gateway) {}

  grpc::ServerUnaryReactor *ServerLive(grpc::CallbackServerContext *,
                                       const inference::ServerLiveRequest *,
                                       inference::ServerLiveResponse *) override;
  grpc::ServerUnaryReactor *ServerReady(grpc::CallbackServerContext *,
                                        const inference::ServerReadyRequest *,
                                        inference::ServerReadyResponse *) override;
  grpc::ServerUnaryReactor *ModelReady(grpc::CallbackServerContext *,
                                       const inference::ModelReadyRequest *,
                                       inference::ModelReadyResponse *) override;
  grpc::ServerUnaryReactor *ServerMetadata(grpc::CallbackServerContext *,
                                           const inference::ServerMetadataRequest *,
                                           inference::ServerMetadataResponse *) override;
  grpc::ServerUnaryReactor *ModelMetadata(grpc::CallbackServerContext *,
                                          const inference::ModelMetadataRequest *,
                                          inference::ModelMetadataResponse *) override;
  grpc::ServerUnaryReactor *ModelInfer(grpc::CallbackServerContext *,
                                       const inference::ModelInferRequest *,
                                       inference::ModelInferResponse *) override;
  grpc::ServerUnaryReactor *ModelConfig(grpc::CallbackServerContext *,
                                        const inference::ModelConfigRequest *,
                                        inference::ModelConfigResponse *) override;
  grpc::ServerUnaryReactor *ModelStatistics(grpc::CallbackServerContext *,
                                            const inference::ModelStatisticsRequest *,
                                            inference::ModelStatisticsResponse *) override;

private:
  Gateway &gateway_;
};

} // namespace rnet::net::open_inference
