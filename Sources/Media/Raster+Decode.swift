import CMedia

extension Raster {
    /// Decodes an image file's first frame in its own mode.
    static func decode(_ source: MediaSource, limits: DecodeLimits) throws -> Raster {
        let raster = try source.withBytes(limit: limits.maxImageBytes) { bytes in
            try decode(bytes, name: source.name, limits: limits)
        }
        return Raster(adopting: raster)
    }

    private static func decode(
        _ bytes: UnsafeRawBufferPointer, name: String, limits: DecodeLimits
    ) throws -> cm_raster {
        guard let format = ImageFormat(bytes) else {
            throw MediaError(.notMedia, name, describeNonMedia(bytes, wanted: "image"))
        }
        let start = bytes.bindMemory(to: UInt8.self).baseAddress
        let bounds = cm_limits(max_pixels: Int64(limits.maxPixels))
        var raster = cm_raster()
        var error = cm_error()
        let status =
            switch format {
            case .jpeg: cm_jpeg_decode(start, bytes.count, bounds, &raster, &error)
            case .png: cm_png_decode(start, bytes.count, bounds, &raster, &error)
            case .webp: cm_webp_decode(start, bytes.count, bounds, &raster, &error)
            case .gif: cm_gif_decode(start, bytes.count, bounds, &raster, &error)
            case .other: cm_ffmpeg_decode_image(start, bytes.count, bounds, &raster, &error)
            }
        guard status == CM_OK else { throw MediaError(error, name, "\(format.name) image") }
        return raster
    }

    /// The size an image will have when decoded, from the head of the file where the format allows it. A file that does not
    /// end as its format does is decoded to know whether it is whole: downloads that broke off are found before a run.
    static func size(of source: MediaSource, limits: DecodeLimits) throws -> ImageSize {
        let (size, format) = try header(of: source, limits: limits)
        if try !source.withBytes(.last(1 << 12), limit: limits.maxImageBytes, format.isEnded) {
            _ = try decode(source, limits: limits)
        }
        return size
    }

    private static func header(of source: MediaSource, limits: DecodeLimits) throws -> (ImageSize, ImageFormat) {
        let head = 1 << 16
        let quick = try source.withBytes(.first(head), limit: limits.maxImageBytes) { bytes in
            try header(bytes, isWhole: bytes.count != head, name: source.name, limits: limits)
        }
        if let quick { return quick }
        let whole = try source.withBytes(limit: limits.maxImageBytes) { bytes in
            try header(bytes, isWhole: true, name: source.name, limits: limits)
        }
        guard let whole else { throw MediaError(.truncated, source.name, "the image is truncated inside its header.") }
        return whole
    }

    /// Nil when `bytes` is a prefix that does not reach the size.
    private static func header(
        _ bytes: UnsafeRawBufferPointer, isWhole: Bool, name: String, limits: DecodeLimits
    ) throws -> (ImageSize, ImageFormat)? {
        guard let format = ImageFormat(bytes) else {
            throw MediaError(.notMedia, name, describeNonMedia(bytes, wanted: "image"))
        }
        let start = bytes.bindMemory(to: UInt8.self).baseAddress
        var width: Int32 = 0
        var height: Int32 = 0
        var error = cm_error()
        let status =
            switch format {
            case .jpeg: cm_jpeg_size(start, bytes.count, &width, &height, &error)
            case .png: cm_png_size(start, bytes.count, &width, &height, &error)
            case .webp: cm_webp_size(start, bytes.count, &width, &height, &error)
            case .gif: cm_gif_size(start, bytes.count, &width, &height, &error)
            case .other:
                isWhole ? cm_ffmpeg_image_size(start, bytes.count, &width, &height, &error) : Int32(CM_NEED_MORE)
            }
        if status == CM_NEED_MORE && !isWhole { return nil }
        guard status == CM_OK else { throw MediaError(error, name, "\(format.name) image") }
        let size = ImageSize(width: Int(width), height: Int(height))
        guard size.width > 0, size.height > 0 else {
            throw MediaError(
                .corrupt, name, "the \(format.name) image is damaged or cut short: its header has no size.")
        }
        guard size.width <= limits.maxPixels / size.height else {
            throw MediaError(
                .tooLarge, name,
                "\(size) pixels are more than the limit of \(limits.maxPixels). Shrink it before training.")
        }
        return (size, format)
    }
}
