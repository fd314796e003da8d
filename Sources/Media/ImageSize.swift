/// Width and height in pixels.
public struct ImageSize: Sendable, Hashable, CustomStringConvertible {
    public var width: Int
    public var height: Int

    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    public var numPixels: Int { width * height }
    public var description: String { "\(width)x\(height)" }
}
