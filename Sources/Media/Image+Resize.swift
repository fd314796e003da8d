import CMedia

extension Image {
    /// Whose rounding a resize follows. Both are bicubic with antialiasing and differ by at most one in 255.
    public enum Rounding: Sendable, Hashable {
        /// Pillow's `Image.resize`: 22-bit weights.
        case pillow
        /// torchvision's `resize` of uint8 tensors on the CPU: 16-bit weights.
        case torchvision
    }

    /// This image at another size.
    ///
    /// - Throws: ``MediaError`` when a side is not positive.
    public func resized(to size: ImageSize, rounding: Rounding) throws -> Image {
        guard size.width > 0, size.height > 0, size.width <= Int32.max, size.height <= Int32.max else {
            throw MediaError(.unsupported, "\(self.size) image", "cannot be resized to \(size) pixels.")
        }
        var error = cm_error()
        var status = Int32(CM_OK)
        let flavor = Int32(rounding == .pillow ? CM_FIXED_POINT_PILLOW : CM_FIXED_POINT_TORCH)
        let resized = [UInt8](unsafeUninitializedCapacity: 3 * size.numPixels) { buffer, count in
            status = cm_resize_bicubic(
                bytes, Int32(width), Int32(height), 3, flavor, buffer.baseAddress, Int32(size.width),
                Int32(size.height),
                &error)
            count = status == CM_OK ? 3 * size.numPixels : 0
        }
        guard status == CM_OK else { throw MediaError(error, "\(self.size) image", "image") }
        return Image(unchecked: resized, width: size.width, height: size.height)
    }
}
