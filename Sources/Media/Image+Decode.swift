extension Image {
    /// Decodes an image with the pixels of Pillow's `Image.open(path).convert("RGB")`: no EXIF rotation, alpha dropped,
    /// first frame of an animation.
    ///
    /// - Throws: ``MediaError`` that names the file and says what it is when it is not an intact image.
    public init(decoding source: MediaSource, limits: DecodeLimits = .standard) throws {
        let raster = try Raster.decode(source, limits: limits).convertedToRGB(name: source.name)
        self.init(raster)
    }

    /// The size `init(decoding:)` would give, from the file's header only.
    public static func size(of source: MediaSource, limits: DecodeLimits = .standard) throws -> ImageSize {
        try Raster.size(of: source, limits: limits)
    }
}
