import CMedia

/// A decoded image in the mode its file has (grey, palette, CMYK, …), owner of C memory.
///
/// Pillow resizes in that mode and converts to RGB afterwards, so the mode must outlive the decoder.
struct Raster: ~Copyable {
    private var value: cm_raster

    init(adopting value: cm_raster) { self.value = value }

    deinit {
        var value = value
        cm_raster_free(&value)
    }

    var size: ImageSize { ImageSize(width: Int(value.width), height: Int(value.height)) }
    var isRGB: Bool { value.mode == CM_MODE_RGB }

    /// Calls `body` with the pixels of an RGB raster without copying them.
    borrowing func withPixels<Result>(_ body: (UnsafePointer<UInt8>) throws -> Result) rethrows -> Result {
        try body(value.pixels)
    }

    /// Pillow's `image.resize(size)` with the default filter.
    consuming func resized(to size: ImageSize, name: String) throws -> Raster {
        var error = cm_error()
        var result = cm_raster()
        // Only absurd settings of the pixel bounds can ask for more.
        let limits = cm_limits(max_pixels: Int64(DecodeLimits.standard.maxPixels))
        let status = cm_raster_alloc(&result, Int64(size.width), Int64(size.height), value.mode, limits, &error)
        guard status == CM_OK else { throw MediaError(error, name, "image") }
        var resized = Raster(adopting: result)
        try resized.fill(from: value, name: name)
        return resized
    }

    private mutating func fill(from source: cm_raster, name: String) throws {
        var error = cm_error()
        let status: Int32
        let channels = cm_mode_bytes(source.mode)
        value.palette = source.palette
        switch Int(source.mode) {
        case CM_MODE_1, CM_MODE_P:
            status = cm_resize_nearest(
                source.pixels, source.width, source.height, value.pixels, value.width, value.height, &error)
        case CM_MODE_I16:
            status = source.pixels.withMemoryRebound(to: UInt16.self, capacity: 1) { wide in
                value.pixels.withMemoryRebound(to: UInt16.self, capacity: 1) {
                    cm_resize_bicubic_u16(wide, source.width, source.height, $0, value.width, value.height, &error)
                }
            }
        default:
            // Colours are weighted by alpha while they are mixed, as Pillow does.
            let hasAlpha = source.mode == CM_MODE_LA || source.mode == CM_MODE_RGBA
            let differs = source.width != value.width || source.height != value.height
            if hasAlpha && differs {
                cm_premultiply(source.pixels, Int(source.width) * Int(source.height), channels)
            }
            status = cm_resize_bicubic(
                source.pixels, source.width, source.height, channels, Int32(CM_FIXED_POINT_PILLOW), value.pixels,
                value.width, value.height, &error)
            if hasAlpha && differs {
                cm_unpremultiply(value.pixels, Int(value.width) * Int(value.height), channels)
            }
        }
        guard status == CM_OK else { throw MediaError(error, name, "image") }
    }

    /// Pillow's `image.convert("RGB")`.
    consuming func convertedToRGB(name: String) throws -> Raster {
        if isRGB { return self }
        var error = cm_error()
        var result = cm_raster()
        let limits = cm_limits(max_pixels: Int64.max)
        let mode = Int32(CM_MODE_RGB)
        guard cm_raster_alloc(&result, Int64(value.width), Int64(value.height), mode, limits, &error) == CM_OK else {
            throw MediaError(error, name, "image")
        }
        let converted = Raster(adopting: result)
        withUnsafePointer(to: value) { cm_convert_rgb($0, result.pixels) }
        return converted
    }
}

extension MediaError {
    /// What a C shim reported while it worked on `name`.
    init(_ error: cm_error, _ name: String, _ kind: String) {
        var error = error
        let text = withUnsafeBytes(of: &error.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        switch Int(error.code) {
        case CM_TRUNCATED, CM_NEED_MORE:
            self.init(.truncated, name, "the \(kind) is truncated: \(text). Copy or download it again.")
        case CM_TOO_LARGE:
            self.init(.tooLarge, name, "the \(kind) is too large: \(text). Shrink it before training.")
        case CM_UNSUPPORTED: self.init(.unsupported, name, "not a supported \(kind): \(text).")
        case CM_NO_LIBRARY, CM_NO_MEMORY: self.init(.unavailable, name, "\(text).")
        default: self.init(.corrupt, name, "the \(kind) is damaged: \(text). Copy or download it again.")
        }
    }
}
