/// How often and after how long a failed request is tried again: waits double, with a random part so that many clients do not
/// come back at once.
public struct RetryPolicy: Sendable, Hashable {
    /// Tries in all.
    public var maxAttempts: Int
    /// Seconds before the second try.
    public var firstSeconds: Double
    /// No wait is longer, unless the server asks for it.
    public var maxSeconds: Double
    /// A server that asks for a longer wait is not waited for.
    public var maxServerSeconds: Double

    /// Five tries with waits of 1, 2, 4 and 8 seconds.
    public init(
        maxAttempts: Int = 5, firstSeconds: Double = 1, maxSeconds: Double = 30, maxServerSeconds: Double = 300
    ) {
        self.maxAttempts = maxAttempts
        self.firstSeconds = firstSeconds
        self.maxSeconds = maxSeconds
        self.maxServerSeconds = maxServerSeconds
    }

    /// Whether a status may be different the next time: too many requests, a server in trouble.
    public static func isPassing(status: Int) -> Bool { [408, 425, 429, 500, 502, 503, 504, 529].contains(status) }

    /// Seconds to wait after a failed try; nil when there is no further one.
    ///
    /// - Parameters:
    ///   - attempt: the number of the try that failed, from 1.
    ///   - retryAfter: the server's `Retry-After`, in seconds.
    public func delay(afterAttempt attempt: Int, retryAfter: String? = nil) -> Double? {
        guard attempt < maxAttempts else { return nil }
        if let wish = retryAfter.flatMap({ Double($0.trimmingPrefix { $0 == " " }) }), wish >= 0 {
            return wish <= maxServerSeconds ? wish : nil
        }
        var seconds = firstSeconds
        for _ in 1..<max(1, attempt) where seconds < maxSeconds { seconds *= 2 }
        return min(seconds, maxSeconds) * Double.random(in: 0.75...1.25)
    }
}
