/// Width and height in pixels.
public struct ImageSize: Sendable, Hashable, CustomStringConvertible {
    /// Pixels a row.
    public var width: Int
    /// Rows.
    public var height: Int

    /// A size; nothing is checked.
    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// Area in pixels.
    public var numPixels: Int { width * height }
    /// `WIDTHxHEIGHT`, as messages show it.
    public var description: String { "\(width)x\(height)" }
}
