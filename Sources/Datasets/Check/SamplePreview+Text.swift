import Foundation
import Media

extension SamplePreview {
    /// The sample for a terminal: its title, then its text; trained tokens are coloured, or stand in [[ ]] without colour.
    ///
    /// - Parameter showsIDs: whether the token ids follow.
    public func text(hasColor: Bool, showsIDs: Bool = false) -> String {
        var text = title + "\n"
        for segment in segments {
            if let heading = segment.heading { text += (text.hasSuffix("\n") ? "" : "\n") + "--- \(heading)\n" }
            text += Self.marked(Self.visible(segment), segment.isTrained, hasColor)
        }
        if !text.hasSuffix("\n") { text += "\n" }
        guard showsIDs else { return text }
        text += "token ids:\n"
        let ids = segments.map { segment in
            let ids =
                segment.isMedia
                ? "\(segment.tokenIDs[0])x\(segment.tokenIDs.count)"
                : segment.tokenIDs.map(String.init).joined(separator: " ")
            return Self.marked(ids, segment.isTrained, hasColor)
        }
        return text + ids.joined(separator: " ") + "\n"
    }

    /// The sample as a piece of HTML.
    public var html: String {
        let body = segments.map { segment in
            let text = HTMLPage.escaped(Self.visible(segment))
            let heading = segment.heading.map { "\n<b>\(HTMLPage.escaped($0))</b>\n" } ?? ""
            if segment.isTrained { return "\(heading)<mark>\(text)</mark>" }
            return heading + (segment.isMedia ? "<i>\(text)</i>" : text)
        }
        return """
            <h3>\(HTMLPage.escaped(title))</h3>
            \(images.map(Self.thumbnail).joined())<pre class="sample">\(body.joined())</pre>
            """
    }

    /// The longer side of a small picture.
    private static let thumbnailSide = 256.0

    /// A small copy of an image within the page; nothing where it cannot be read, which the check tells.
    private static func thumbnail(_ source: MediaSource) -> String {
        guard let image = try? Image(decoding: source) else { return "" }
        let scale = min(1, thumbnailSide / Double(max(image.width, image.height)))
        let size = ImageSize(
            width: max(1, Int(Double(image.width) * scale)), height: max(1, Int(Double(image.height) * scale)))
        guard let data = try? image.resized(to: size, rounding: .pillow).jpegData(quality: 80) else { return "" }
        let name = HTMLPage.escaped(source.name)
        return "<img alt=\"\(name)\" title=\"\(name)\" src=\"data:image/jpeg;base64,\(data.base64EncodedString())\">\n"
    }

    private static func marked(_ text: String, _ isTrained: Bool, _ hasColor: Bool) -> String {
        guard isTrained else { return text }
        return hasColor ? "\u{1B}[1;32m\(text)\u{1B}[0m" : "[[\(text)]]"
    }

    /// The text of a segment without what could drive a terminal.
    private static func visible(_ segment: Segment) -> String {
        var text = ""
        for scalar in segment.text.unicodeScalars {
            let isControl = scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
            text += isControl ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }
        return segment.isMedia ? "\(text)x\(segment.tokenIDs.count)" : text
    }
}
