import CMedia
public import Foundation

extension Image {
    /// This image as a PNG file.
    public func pngData() throws -> Data {
        try Image.pngData(pixels: bytes, width: width, height: height, channels: 3)
    }

    /// Encodes tight rows of 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA) bytes a pixel as a PNG file.
    public static func pngData(pixels: [UInt8], width: Int, height: Int, channels: Int) throws -> Data {
        try check(pixels, width, height, channels)
        return try encode(width, height) { out, count, error in
            cm_png_encode(pixels, Int32(width), Int32(height), Int32(channels), out, count, error)
        }
    }

    /// This image as a baseline JPEG file with 4:2:0 chroma; `quality` is libjpeg's, 1 to 100.
    public func jpegData(quality: Int = 90) throws -> Data {
        try Image.encode(width, height) { out, count, error in
            cm_jpeg_encode(bytes, Int32(width), Int32(height), 3, Int32(max(1, min(100, quality))), out, count, error)
        }
    }

    /// This image as a lossy WebP file; `quality` is libwebp's, 1 to 100.
    public func webpData(quality: Int = 90) throws -> Data {
        try Image.encode(width, height) { out, count, error in
            cm_webp_encode(bytes, Int32(width), Int32(height), Int32(max(1, min(100, quality))), out, count, error)
        }
    }

    /// A part of this image; what lies outside is left out.
    public func cropped(x: Int, y: Int, to size: ImageSize) -> Image? {
        let left = max(0, x), top = max(0, y)
        let right = min(width, x + size.width), bottom = min(height, y + size.height)
        guard left < right, top < bottom else { return nil }
        var part: [UInt8] = []
        part.reserveCapacity(3 * (right - left) * (bottom - top))
        for row in top..<bottom { part += bytes[3 * (row * width + left)..<3 * (row * width + right)] }
        return Image(unchecked: part, width: right - left, height: bottom - top)
    }

    private static func check(_ pixels: [UInt8], _ width: Int, _ height: Int, _ channels: Int) throws {
        guard width > 0, height > 0, (1...4).contains(channels), width <= Int32.max, height <= Int32.max,
            pixels.count == width * height * channels
        else {
            throw MediaError(
                .corrupt, "\(pixels.count) bytes", "not \(width)x\(height) pixels of \(channels) channels.")
        }
    }

    private static func encode(
        _ width: Int, _ height: Int,
        _ body: (
            UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>, UnsafeMutablePointer<Int>,
            UnsafeMutablePointer<cm_error>
        )
            -> Int32
    ) throws -> Data {
        var out: UnsafeMutablePointer<UInt8>?
        var count = 0
        var error = cm_error()
        guard body(&out, &count, &error) == CM_OK, let out else {
            throw MediaError(error, "\(width)x\(height) image", "image")
        }
        defer { cm_free(out) }
        return Data(bytes: out, count: count)
    }
}
