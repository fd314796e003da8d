import Foundation

/// LLaMA-Factory's bounds on an image before the model's own processor sees it (`image_max_pixels`, …).
public struct PixelLimits: Sendable, Hashable {
    /// Smaller images are enlarged to about this many pixels.
    public var minPixels: Int
    /// Larger images are shrunk to at most this many pixels.
    public var maxPixels: Int

    public init(minPixels: Int, maxPixels: Int) {
        self.minPixels = minPixels
        self.maxPixels = maxPixels
    }

    /// Defaults of `image_min_pixels` and `image_max_pixels`.
    public static let image = PixelLimits(minPixels: 32 * 32, maxPixels: 768 * 768)
    /// Defaults of `video_min_pixels` and `video_max_pixels`.
    public static let video = PixelLimits(minPixels: 16 * 16, maxPixels: 256 * 256)

    /// The sizes a Qwen-VL image passes through on its way to the processor.
    struct Steps: Equatable {
        /// Resizes made in the file's own mode.
        var native: [ImageSize] = []
        /// Resizes made after conversion to RGB.
        var converted: [ImageSize] = []
        var final: ImageSize
    }

    /// Follows Qwen2VLPlugin._preprocess_image of LLaMA-Factory: area bounds first, then sides of at least 28 pixels,
    /// then an aspect ratio of at most 200.
    func steps(from size: ImageSize, name: String) throws -> Steps {
        var steps = Steps(final: size)
        func scaled(_ size: ImageSize, toArea area: Int) -> ImageSize {
            let factor = (Double(max(area, 0)) / Double(size.numPixels)).squareRoot()
            // Python's int() cuts, so a side can vanish; checked below.
            func cut(_ side: Int) -> Int { Int(min(Double(side) * factor, 1e9)) }
            return ImageSize(width: cut(size.width), height: cut(size.height))
        }
        func check(_ size: ImageSize) throws {
            guard size.width > 0, size.height > 0 else {
                throw MediaError(
                    .unsupported, name,
                    "an image of \(steps.final) pixels cannot be brought within \(minPixels) to \(maxPixels) pixels: a side "
                        + "becomes 0. Crop it, or raise the pixel limit.")
            }
        }
        try check(size)
        if steps.final.numPixels > maxPixels {
            let next = scaled(steps.final, toArea: maxPixels)
            try check(next)
            steps.final = next
            steps.native.append(next)
        }
        if steps.final.numPixels < minPixels {
            let next = scaled(steps.final, toArea: minPixels)
            try check(next)
            steps.final = next
            steps.native.append(next)
        }
        if min(steps.final.width, steps.final.height) < 28 {
            steps.final = ImageSize(width: max(steps.final.width, 28), height: max(steps.final.height, 28))
            steps.converted.append(steps.final)
        }
        if Double(steps.final.width) / Double(steps.final.height) > 200 {
            steps.final.width = steps.final.height * 180
            steps.converted.append(steps.final)
        }
        if Double(steps.final.height) / Double(steps.final.width) > 200 {
            steps.final.height = steps.final.width * 180
            steps.converted.append(steps.final)
        }
        return steps
    }

    /// The size `size` has after these limits.
    public func regularizedSize(of size: ImageSize) throws -> ImageSize {
        try steps(from: size, name: "\(size) image").final
    }
}

extension Raster {
    /// LLaMA-Factory's pre-processing of one image: the result is RGB.
    consuming func regularized(_ limits: PixelLimits, name: String) throws -> Raster {
        let steps = try limits.steps(from: size, name: name)
        var raster = self
        for size in steps.native { raster = try raster.resized(to: size, name: name) }
        raster = try raster.convertedToRGB(name: name)
        for size in steps.converted { raster = try raster.resized(to: size, name: name) }
        return raster
    }
}
