/// What the first bytes of a file say it is.
enum ImageFormat: Sendable, Hashable {
    case jpeg, png, webp, gif
    /// A still image that FFmpeg decodes, with its everyday name.
    case other(String)

    init?(_ bytes: UnsafeRawBufferPointer) {
        func starts(_ signature: [UInt8], at offset: Int = 0) -> Bool {
            bytes.count >= offset + signature.count
                && signature.indices.allSatisfy { bytes[offset + $0] == signature[$0] }
        }
        func starts(_ text: StaticString, at offset: Int = 0) -> Bool {
            starts(Array(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)), at: offset)
        }
        if starts([0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if starts([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if starts("RIFF") && starts("WEBP", at: 8) {
            self = .webp
        } else if starts("GIF87a") || starts("GIF89a") {
            self = .gif
        } else if starts("BM"), bytes.count >= 18, [12, 40, 52, 56, 64, 108, 124].contains(bytes[14]) {
            self = .other("BMP")
        } else if starts([0x49, 0x49, 0x2A, 0x00]) || starts([0x4D, 0x4D, 0x00, 0x2A]) {
            self = .other("TIFF")
        } else if bytes.count >= 3, bytes[0] == 0x50, (0x31...0x36).contains(bytes[1]),
            [9, 10, 13, 32].contains(bytes[2])
        {
            self = .other("PNM")
        } else if starts([0xFF, 0x4F, 0xFF, 0x51]) || starts([0, 0, 0, 12, 0x6A, 0x50, 0x20, 0x20]) {
            self = .other("JPEG 2000")
        } else {
            return nil
        }
    }

    /// Whether the last bytes of a file hold the mark that ends it; formats without one are taken to be whole.
    func isEnded(by tail: UnsafeRawBufferPointer) -> Bool {
        func contains(_ mark: [UInt8]) -> Bool {
            tail.indices.contains { tail[$0...].starts(with: mark) }
        }
        return switch self {
        case .jpeg: contains([0xFF, 0xD9])
        case .png: contains(Array("IEND".utf8))
        case .gif: tail.suffix(4).contains(0x3B)
        case .webp, .other: true
        }
    }

    var name: String {
        switch self {
        case .jpeg: "JPEG"
        case .png: "PNG"
        case .webp: "WebP"
        case .gif: "GIF"
        case .other(let name): name
        }
    }
}

/// Says in words what bytes that are not an image (or not a video) look like, with the remedy.
func describeNonMedia(_ bytes: UnsafeRawBufferPointer, wanted: String) -> String {
    let head = bytes.prefix(512)
    func starts(_ text: String) -> Bool { head.starts(with: text.utf8) }
    if starts("version https://git-lfs.github.com/spec") {
        return "a Git LFS pointer, not the \(wanted) itself. Run `git lfs pull` in the repository it came from."
    }
    let text = String(decoding: head, as: UTF8.self)
    let start = text.drop(while: \.isWhitespace)
    if start.lowercased().hasPrefix("<!doctype html") || start.lowercased().hasPrefix("<html") {
        return "an HTML page, not \(article(wanted)): the download probably failed. Download the file again."
    }
    if start.lowercased().hasPrefix("<svg") || start.lowercased().hasPrefix("<?xml") {
        return "an XML or SVG text, not \(article(wanted)). Convert it to PNG or JPEG first."
    }
    if starts("%PDF") { return "a PDF document, not \(article(wanted)). Convert its pages to PNG or JPEG first." }
    if head.starts(with: [0x50, 0x4B, 3, 4]) { return "a ZIP archive, not \(article(wanted)). Unpack it first." }
    if head.starts(with: [0x1F, 0x8B]) { return "gzip data, not \(article(wanted)). Unpack it first." }
    if head.count >= 12, head[4..<8].elementsEqual("ftyp".utf8) {
        let brand = String(decoding: head[8..<12], as: UTF8.self)
        if ["avif", "avis", "heic", "heix", "mif1"].contains(brand) {
            return "a \(brand.uppercased()) image, which is not supported. Convert it to PNG or JPEG first."
        }
        if wanted == "image" { return "a video file, not an image. Put it into the videos column." }
    }
    if ImageFormat(bytes) != nil && wanted == "video" {
        return "an image, not a video. Put it into the images column."
    }
    let printable = text.unicodeScalars.allSatisfy { $0.value >= 32 || [9, 10, 12, 13].contains($0.value) }
    // A cut at 512 bytes may split the last character.
    let broken = text.dropLast().contains("\u{FFFD}")
    if printable && !broken {
        let sample = text.prefix(40).replacing("\n", with: " ")
        return "a text file, not \(article(wanted)) (it begins with \"\(sample)\"). Check the path in the data."
    }
    let hex = head.prefix(8).map { byte in
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }
    return "not \(article(wanted)) of a known format (it begins with the bytes \(hex.joined(separator: " ")))."
}

private func article(_ noun: String) -> String { (noun == "image" ? "an " : "a ") + noun }
