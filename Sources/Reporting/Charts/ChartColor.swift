/// An sRGB color with opacity; components from 0 to 1.
public struct ChartColor: Sendable, Equatable {
    public var red: Double
    public var green: Double
    public var blue: Double
    public var opacity: Double

    /// A color from `0xRRGGBB`.
    public init(_ hex: UInt32, opacity: Double = 1) {
        red = Double(hex >> 16 & 0xFF) / 255
        green = Double(hex >> 8 & 0xFF) / 255
        blue = Double(hex & 0xFF) / 255
        self.opacity = opacity
    }

    /// The same color with another opacity.
    public func opacity(_ value: Double) -> ChartColor {
        var copy = self
        copy.opacity = value
        return copy
    }

    /// The mix of white (0) and this color (1).
    func tint(_ amount: Double) -> ChartColor {
        var copy = self
        copy.red = 1 - (1 - red) * amount
        copy.green = 1 - (1 - green) * amount
        copy.blue = 1 - (1 - blue) * amount
        return copy
    }

    /// Colors that stay apart for color-blind readers, in the order series take them; the first is LLaMA-Factory's blue.
    public static let palette = [0x1F77B4, 0xE8710A, 0x2CA02C, 0x9467BD, 0xD62728, 0x17A2B8].map { ChartColor($0) }
    public static let blue = palette[0]
    public static let orange = palette[1]
    static let text = ChartColor(0x2B2F36)
    static let faintText = ChartColor(0x6B7280)
    static let grid = ChartColor(0xE7E9ED)
    static let axis = ChartColor(0x9AA0A8)
    static let white = ChartColor(0xFFFFFF)
}
