extension VisionProcessorConfig {
    /// transformers' `smart_resize`: the nearest size whose sides are multiples of ``factor`` and whose area is within
    /// the bounds.
    ///
    /// - Throws: ``MediaError`` when one side is more than 200 times the other.
    public func smartResize(_ size: ImageSize) throws -> ImageSize {
        let (long, short) = (max(size.width, size.height), min(size.width, size.height))
        guard short > 0, Double(long) / Double(short) <= 200 else {
            throw MediaError(
                .unsupported, "\(size) image", "one side is more than 200 times the other. Crop it before training.")
        }
        let unit = Double(factor)
        let (width, height) = (Double(size.width), Double(size.height))
        // Python rounds halves to even.
        func rounded(_ side: Double) -> Int { Int((side / unit).rounded(.toNearestOrEven)) * factor }
        var result = ImageSize(width: rounded(width), height: rounded(height))
        if result.numPixels > maxPixels {
            let beta = (Double(size.numPixels) / Double(max(maxPixels, 1))).squareRoot()
            result.width = max(factor, Int((width / beta / unit).rounded(.down)) * factor)
            result.height = max(factor, Int((height / beta / unit).rounded(.down)) * factor)
        } else if result.numPixels < minPixels {
            let beta = (Double(minPixels) / Double(size.numPixels)).squareRoot()
            result.width = Int((width * beta / unit).rounded(.up)) * factor
            result.height = Int((height * beta / unit).rounded(.up)) * factor
        }
        return result
    }

    /// The patches an image of this size is cut into, without decoding it.
    ///
    /// - Parameter limits: LLaMA-Factory's pre-resize; nil leaves the size as it is.
    public func grid(forWidth width: Int, height: Int, limits: PixelLimits?) throws -> PatchGrid {
        let size = ImageSize(width: width, height: height)
        return try grid(forRegularized: limits?.regularizedSize(of: size) ?? size, name: "\(size) image")
    }

    /// The patches an image file is cut into, from its header only.
    public func grid(
        of source: MediaSource, limits: PixelLimits?, decodeLimits: DecodeLimits = .standard
    ) throws -> PatchGrid {
        let size = try Image.size(of: source, limits: decodeLimits)
        let regularized = try limits?.steps(from: size, name: source.name).final ?? size
        return try grid(forRegularized: regularized, name: source.name)
    }

    func grid(forRegularized size: ImageSize, numFrames: Int = 1, name: String) throws -> PatchGrid {
        let target = try targetSize(forRegularized: size, name: name)
        return PatchGrid(
            time: (numFrames + temporalPatchSize - 1) / temporalPatchSize, height: target.height / patchSize,
            width: target.width / patchSize)
    }

    func targetSize(forRegularized size: ImageSize, name: String) throws -> ImageSize {
        guard doResize else {
            guard size.width % factor == 0, size.height % factor == 0 else {
                throw MediaError(
                    .unsupported, name, "\(size) pixels are not multiples of \(factor) and do_resize is off.")
            }
            return size
        }
        do {
            return try smartResize(size)
        } catch let error as MediaError {
            throw MediaError(error.code, name, error.reason)
        }
    }
}
