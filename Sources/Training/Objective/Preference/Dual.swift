import Foundation

/// A number with its derivatives with respect to the log-probabilities of the chosen and the rejected answer, so that a
/// loss is written once, as its formula, and differentiated exactly.
public struct Dual: Sendable, Equatable {
    public var value: Double
    public var chosen: Double
    public var rejected: Double

    public init(_ value: Double, chosen: Double = 0, rejected: Double = 0) {
        self.value = value
        self.chosen = chosen
        self.rejected = rejected
    }

    /// f(self), whose value and slope are given.
    private func mapped(_ value: Double, slope: Double) -> Dual {
        Dual(value, chosen: slope * chosen, rejected: slope * rejected)
    }

    public static func + (a: Dual, b: Dual) -> Dual {
        Dual(a.value + b.value, chosen: a.chosen + b.chosen, rejected: a.rejected + b.rejected)
    }
    public static func - (a: Dual, b: Dual) -> Dual { a + b * -1 }
    public static func * (a: Dual, b: Dual) -> Dual {
        Dual(
            a.value * b.value, chosen: a.chosen * b.value + a.value * b.chosen,
            rejected: a.rejected * b.value + a.value * b.rejected)
    }
    public static func + (a: Dual, b: Double) -> Dual { a.mapped(a.value + b, slope: 1) }
    public static func - (a: Dual, b: Double) -> Dual { a + -b }
    public static func * (a: Dual, b: Double) -> Dual { a.mapped(a.value * b, slope: b) }
    public static func / (a: Dual, b: Double) -> Dual { a * (1 / b) }
    public static prefix func - (a: Dual) -> Dual { a * -1 }
    public static func - (a: Double, b: Dual) -> Dual { -b + a }

    /// 1 / (1 + e^-x).
    public var sigmoid: Dual {
        let s = Self.sigmoid(value)
        return mapped(s, slope: s * (1 - s))
    }

    /// log(1 / (1 + e^-x)), without overflow on either side.
    public var logSigmoid: Dual {
        mapped(min(value, 0) - log1p(exp(-abs(value))), slope: Self.sigmoid(-value))
    }

    /// log(1 - e^x) for x < 0.
    public var log1mExp: Dual {
        // Near 0 the difference 1 - e^x is lost unless it is computed as one.
        let difference = -expm1(value)
        return mapped(log(difference), slope: -exp(value) / difference)
    }

    /// max(x, 0).
    public var positivePart: Dual { mapped(max(value, 0), slope: value > 0 ? 1 : 0) }

    private static func sigmoid(_ x: Double) -> Double {
        x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))
    }
}
