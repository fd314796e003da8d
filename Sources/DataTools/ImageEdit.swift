public import Foundation
public import Media

/// What is done to each image of a folder: first resized, then cropped, then written.
public struct ImageEdit: Sendable, Hashable {
    /// How an image is brought to a size of another shape.
    public enum Fit: String, Sendable, Hashable, CaseIterable {
        /// Within the size, its shape kept.
        case contain
        /// Over all of the size, its shape kept; what juts out is cut off on both sides alike.
        case cover
        /// To the size exactly, out of shape.
        case stretch
    }

    /// The part of an image that is kept.
    public struct Crop: Sendable, Hashable {
        /// Width and height of the part.
        public var size: ImageSize
        /// Its upper left corner; nil for the middle.
        public var corner: (x: Int, y: Int)? {
            get { place.map { ($0[0], $0[1]) } }
            set { place = newValue.map { [$0.x, $0.y] } }
        }
        private var place: [Int]?

        /// Reads "500x400" (the middle) or "500x400+10+20" (with the left and upper edge); nil for anything else.
        public init?(_ text: String) {
            let parts = text.split(separator: "+", omittingEmptySubsequences: false)
            guard let size = ImageEdit.size(String(parts[0])) else { return nil }
            self.size = size
            let numbers = parts.dropFirst().map { Int($0) }
            if numbers.isEmpty { return }
            guard numbers.count == 2, let x = numbers[0], let y = numbers[1], x >= 0, y >= 0 else { return nil }
            place = [x, y]
        }
    }

    /// The type of the files that are written.
    public enum Format: String, Sendable, Hashable, CaseIterable {
        case jpg, png, webp

        /// The type of a file that is kept as it is: by its ending; JPEG for types that are not written.
        init(ending: String) {
            self = ["png": .png, "webp": .webp][ending.lowercased()] ?? .jpg
        }
    }

    /// Resizes by a factor.
    public var scale: Double?
    /// Resizes to a size.
    public var size: ImageSize?
    /// How `size` is reached.
    public var fit = Fit.contain
    /// Shrinks larger images to at most so many pixels, as `image_max_pixels` does.
    public var maxPixels: Int?
    /// Keeps a part.
    public var crop: Crop?
    /// The type of the files; nil keeps each file's own.
    public var format: Format?
    /// Quality of JPEG and WebP, 1 to 100.
    public var quality = 90

    /// An edit that changes nothing.
    public init() {}

    /// Reads "500x400"; nil for anything else.
    public static func size(_ text: String) -> ImageSize? {
        let sides = text.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard sides.count == 2, let width = sides[0], let height = sides[1], (1...100_000).contains(width),
            (1...100_000).contains(height)
        else { return nil }
        return ImageSize(width: width, height: height)
    }

    /// The edited image.
    ///
    /// - Throws: `MediaError` when nothing would be left of it.
    public func applied(to image: Image, name: String) throws -> Image {
        var image = image
        if let scale { image = try image.resized(by: scale) }
        if let size { image = try resized(image, to: size) }
        if let maxPixels, image.size.numPixels > maxPixels {
            image = try image.resized(by: (Double(maxPixels) / Double(image.size.numPixels)).squareRoot())
        }
        guard let crop else { return image }
        let middle = (x: (image.width - crop.size.width) / 2, y: (image.height - crop.size.height) / 2)
        let corner = crop.corner ?? (max(0, middle.x), max(0, middle.y))
        guard let part = image.cropped(x: corner.x, y: corner.y, to: crop.size) else {
            throw MediaError(
                .unsupported, name,
                "the image has \(image.size) pixels: nothing lies at +\(corner.x)+\(corner.y). Crop nearer to its corner."
            )
        }
        return part
    }

    /// The bytes of the file.
    public func encoded(_ image: Image, ending: String) throws -> Data {
        switch format ?? Format(ending: ending) {
        case .jpg: try image.jpegData(quality: quality)
        case .png: try image.pngData()
        case .webp: try image.webpData(quality: quality)
        }
    }

    private func resized(_ image: Image, to size: ImageSize) throws -> Image {
        let (x, y) = (Double(size.width) / Double(image.width), Double(size.height) / Double(image.height))
        switch fit {
        case .stretch: return try image.resized(to: size, rounding: .pillow)
        case .contain: return try image.resized(by: min(x, y))
        case .cover:
            let larger = try image.resized(by: max(x, y), atLeast: size)
            let corner = (x: (larger.width - size.width) / 2, y: (larger.height - size.height) / 2)
            return larger.cropped(x: corner.x, y: corner.y, to: size) ?? larger
        }
    }
}

extension Image {
    /// This image with both sides times `factor`, cut to whole pixels as ffmpeg's `scale=iw*0.5:ih*0.5` does.
    fileprivate func resized(by factor: Double, atLeast least: ImageSize = ImageSize(width: 1, height: 1)) throws
        -> Image
    {
        // A hair more, so that 0.1 * 30 is 3.
        func side(_ side: Int) -> Int { Int(Double(side) * factor + 1e-9) }
        let size = ImageSize(width: max(least.width, side(width)), height: max(least.height, side(height)))
        return size == self.size ? self : try resized(to: size, rounding: .pillow)
    }
}
