/// A picture in memory: 8-bit RGB, rows from top to bottom without padding.
public struct Image: Sendable, Hashable {
    public let width: Int
    public let height: Int
    /// `height` x `width` x 3 bytes.
    public private(set) var bytes: [UInt8]

    /// - Throws: ``MediaError`` when `bytes` does not hold width x height x 3 values.
    public init(width: Int, height: Int, bytes: [UInt8]) throws {
        guard width > 0, height > 0, bytes.count == 3 * width * height else {
            throw MediaError(
                .corrupt, "\(bytes.count) bytes", "not \(width)x\(height) RGB pixels: that takes \(3 * width * height)."
            )
        }
        self.init(unchecked: bytes, width: width, height: height)
    }

    init(unchecked bytes: [UInt8], width: Int, height: Int) {
        self.width = width
        self.height = height
        self.bytes = bytes
    }

    init(_ raster: borrowing Raster) {
        let size = raster.size
        let bytes = raster.withPixels { Array(UnsafeBufferPointer(start: $0, count: 3 * size.numPixels)) }
        self.init(unchecked: bytes, width: size.width, height: size.height)
    }

    public var size: ImageSize { ImageSize(width: width, height: height) }
}
