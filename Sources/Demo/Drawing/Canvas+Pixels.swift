import CCairo
import CPNG
import Foundation

extension Canvas {
    /// Adds bell-shaped noise of `deviation` (in 0...255) to every channel of every pixel.
    func addNoise(deviation: Double, using random: inout DemoRandom) {
        cairo_surface_flush(surface)
        guard let bytes = cairo_image_surface_get_data(surface) else { return }
        let stride = Int(cairo_image_surface_get_stride(surface))
        for row in 0..<height {
            for column in 0..<width {
                let bits = random.next()
                for channel in 0..<3 {
                    // The sum of two uniform bytes has a deviation of 104.5; a triangle is bell enough for film grain.
                    let first = Int((bits >> UInt64(16 * channel)) & 255)
                    let second = Int((bits >> UInt64(16 * channel + 8)) & 255)
                    let change = Double(first + second - 255) * deviation / 104.5
                    let place = row * stride + column * 4 + channel
                    bytes[place] = UInt8(min(255, max(0, Int((Double(bytes[place]) + change).rounded()))))
                }
            }
        }
        cairo_surface_mark_dirty(surface)
    }

    /// Red, green and blue bytes of every pixel, row by row.
    func rgb() -> [UInt8] {
        cairo_surface_flush(surface)
        guard let bytes = cairo_image_surface_get_data(surface) else { return [] }
        let stride = Int(cairo_image_surface_get_stride(surface))
        return [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
            for row in 0..<height {
                for column in 0..<width {
                    // cairo keeps a pixel as the 32-bit number 0x00RRGGBB, so blue comes first in memory.
                    let pixel = bytes + row * stride + column * 4
                    let place = (row * width + column) * 3
                    buffer[place] = pixel[2]
                    buffer[place + 1] = pixel[1]
                    buffer[place + 2] = pixel[0]
                }
            }
            count = width * height * 3
        }
    }

    /// The picture as a PNG file's bytes (8-bit RGB), packed fast rather than small: grain does not shrink anyway.
    func png() throws -> Data {
        var image = png_image()
        image.version = 1  // PNG_IMAGE_VERSION
        image.width = UInt32(width)
        image.height = UInt32(height)
        image.format = 2  // PNG_FORMAT_RGB
        image.flags = 2  // PNG_IMAGE_FLAG_FAST
        let pixels = rgb()
        // Deflate adds at most a few bytes to each of its blocks; a generous bound needs no second pass.
        var size = png_alloc_size_t(pixels.count + pixels.count / 8 + 4096)
        var file = Data(count: Int(size))
        let isWritten = file.withUnsafeMutableBytes { buffer in
            png_image_write_to_memory(&image, buffer.baseAddress, &size, 0, pixels, 0, nil)
        }
        guard isWritten != 0 else {
            let reason = withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            throw DemoError("libpng could not encode a picture of \(width) x \(height) pixels: \(reason).")
        }
        return file.prefix(Int(size))
    }
}
