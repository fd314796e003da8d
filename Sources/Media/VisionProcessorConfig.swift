/// Settings of a Qwen-VL image or video processor, as `preprocessor_config.json` holds them.
public struct VisionProcessorConfig: Sendable, Hashable {
    /// Bounds on the area of a resized image (`min_pixels`, `max_pixels`, or `size.shortest_edge`, `size.longest_edge`).
    public var minPixels: Int
    public var maxPixels: Int
    /// Side of a square patch in pixels.
    public var patchSize: Int
    /// Frames in one patch.
    public var temporalPatchSize: Int
    /// Patches per side that the model merges into one token.
    public var mergeSize: Int
    /// Per channel R, G, B, on the 0...1 scale.
    public var imageMean: [Double]
    public var imageStd: [Double]
    public var rescaleFactor: Double
    public var doResize: Bool
    public var doRescale: Bool
    public var doNormalize: Bool

    public init(
        minPixels: Int, maxPixels: Int, patchSize: Int = 14, temporalPatchSize: Int = 2, mergeSize: Int = 2,
        imageMean: [Double] = [0.48145466, 0.4578275, 0.40821073],
        imageStd: [Double] = [0.26862954, 0.26130258, 0.27577711], rescaleFactor: Double = 1 / 255.0,
        doResize: Bool = true, doRescale: Bool = true, doNormalize: Bool = true
    ) {
        self.minPixels = minPixels
        self.maxPixels = maxPixels
        self.patchSize = patchSize
        self.temporalPatchSize = temporalPatchSize
        self.mergeSize = mergeSize
        self.imageMean = imageMean
        self.imageStd = imageStd
        self.rescaleFactor = rescaleFactor
        self.doResize = doResize
        self.doRescale = doRescale
        self.doNormalize = doNormalize
    }

    /// Defaults of transformers' Qwen2VLImageProcessor.
    public static let imageDefaults = VisionProcessorConfig(minPixels: 56 * 56, maxPixels: 28 * 28 * 1280)
    /// Defaults of transformers' Qwen2VLVideoProcessor.
    public static let videoDefaults = VisionProcessorConfig(minPixels: 128 * 28 * 28, maxPixels: 28 * 28 * 768)

    /// Both sides of a resized image are multiples of this.
    public var factor: Int { patchSize * mergeSize }
    /// Values in one row of the patch matrix: 1176 for Qwen2-VL.
    public var patchValues: Int { 3 * temporalPatchSize * patchSize * patchSize }

    /// Normalised value of each byte, 3 x 256, with transformers' fused arithmetic in single precision.
    var valueTable: [Float] {
        (0..<3).flatMap { channel -> [Float] in
            let unit = doRescale ? Float(1 / rescaleFactor) : 1
            let mean = Float(imageMean[channel]) * unit
            let std = Float(imageStd[channel]) * unit
            return (0..<256).map { byte in
                let value = Float(byte)
                if doNormalize { return (value - mean) / std }
                return doRescale ? value * Float(rescaleFactor) : value
            }
        }
    }
}
