import CTorch

extension Tensor {
    /// Log-probabilities fp32 [N] of `labels` (int64 [N]) after this [N, D] through the output layer `weight` [V, D].
    ///
    /// Logits exist `blockRows` rows at a time only. Values and gradients are those of `log_softmax` and `gather`.
    public func linearLogProbs(_ weight: Tensor, labels: Tensor, blockRows: Int = 256) -> Tensor {
        Tensor(ct_linear_log_probs(handle, weight.handle, labels.handle, Int64(blockRows)))
    }
}
