import CMedia

extension VisionProcessorConfig {
    /// Decodes an image file and cuts it into normalised patches: transformers' `pixel_values` of the same image.
    ///
    /// - Parameter limits: LLaMA-Factory's pre-resize; nil leaves the image as it is.
    public func patches(
        of source: MediaSource, limits: PixelLimits?, decodeLimits: DecodeLimits = .standard
    ) throws -> ImagePatches {
        let name = source.name
        var raster = try Raster.decode(source, limits: decodeLimits)
        if let limits {
            raster = try raster.regularized(limits, name: name)
        } else {
            raster = try raster.convertedToRGB(name: name)
        }
        let size = raster.size
        let grid = try grid(forRegularized: size, name: name)
        return try raster.withPixels { try patches(frames: [$0], size: size, grid: grid, name: name) }
    }

    /// Cuts a picture in memory into patches.
    ///
    /// - Parameter limits: LLaMA-Factory's pre-resize; nil leaves the image as it is.
    public func patches(of image: Image, limits: PixelLimits?) throws -> ImagePatches {
        let name = "\(image.size) image"
        var image = image
        if let steps = try limits?.steps(from: image.size, name: name) {
            for size in steps.native + steps.converted { image = try image.resized(to: size, rounding: .pillow) }
        }
        let grid = try grid(forRegularized: image.size, name: name)
        return try image.bytes.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return ImagePatches(grid: grid, values: []) }
            return try patches(frames: [start], size: image.size, grid: grid, name: name)
        }
    }

    /// Resizes frames of one size and writes their patches; the last frame is repeated to fill the last patch.
    func patches(
        frames: [UnsafePointer<UInt8>], size: ImageSize, grid: PatchGrid, name: String
    ) throws -> ImagePatches {
        let target = ImageSize(width: grid.width * patchSize, height: grid.height * patchSize)
        let table = valueTable
        var failure: MediaError?
        let values = [Float](unsafeUninitializedCapacity: grid.numPatches * patchValues) { buffer, count in
            guard let start = buffer.baseAddress else { return }
            let slice = grid.height * grid.width * patchValues
            let bytes = 3 * target.numPixels
            let scratch = UnsafeMutablePointer<UInt8>.allocate(capacity: temporalPatchSize * bytes)
            defer { scratch.deallocate() }
            for t in 0..<grid.time {
                var pair: [UnsafePointer<UInt8>?] = []
                for frame in 0..<temporalPatchSize {
                    let index = t * temporalPatchSize + frame
                    if index >= frames.count, let last = pair.last {
                        pair.append(last)
                        continue
                    }
                    let source = frames[min(index, frames.count - 1)]
                    if size == target {
                        pair.append(source)
                        continue
                    }
                    let place = scratch + frame * bytes
                    var error = cm_error()
                    let status = cm_resize_bicubic(
                        source, Int32(size.width), Int32(size.height), 3, Int32(CM_FIXED_POINT_TORCH), place,
                        Int32(target.width), Int32(target.height), &error)
                    guard status == CM_OK else {
                        failure = MediaError(error, name, "image")
                        return
                    }
                    pair.append(UnsafePointer(place))
                }
                cm_patchify(
                    pair, Int32(temporalPatchSize), Int32(grid.height), Int32(grid.width), Int32(patchSize),
                    Int32(mergeSize),
                    table,
                    start + t * slice)
            }
            count = grid.numPatches * patchValues
        }
        if let failure { throw failure }
        return ImagePatches(grid: grid, values: values)
    }
}
