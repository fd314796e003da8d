import CTorch

/// The first operator of a scope that failed.
public struct TensorError: Error, Sendable, CustomStringConvertible {
    /// LibTorch's name of the operator.
    public let operatorName: String
    /// What LibTorch says, with the shapes.
    public let message: String
    /// What was being computed, as the scope named it.
    public let activity: String?

    public var description: String {
        let place = activity.map { "\($0): " } ?? ""
        return "\(place)tensor operator \(operatorName) failed: \(message)"
    }
}

/// Runs tensor code and throws the first failure recorded inside it.
///
/// A step, a forward pass or a request is one scope: inside it operators compose without `try`, and a failed one yields
/// an undefined tensor that the following operators pass on. Scopes nest.
public func scope<Result>(_ activity: String? = nil, _ body: () throws -> Result) throws -> Result {
    if let error = pendingError(activity) { throw error }
    do {
        let result = try body()
        if let error = pendingError(activity) { throw error }
        return result
    } catch {
        // The recorded failure is the cause of whatever the body threw after it.
        throw pendingError(activity) ?? error
    }
}

private func pendingError(_ activity: String?) -> TensorError? {
    guard ct_error_pending() else { return nil }
    defer { ct_error_clear() }
    return TensorError(
        operatorName: String(cString: ct_error_operator()), message: String(cString: ct_error_message()),
        activity: activity)
}
