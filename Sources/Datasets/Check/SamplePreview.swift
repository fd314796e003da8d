public import Media
public import Prompting

/// A sample as the model sees it: its text with the trained tokens told apart, runs of image tokens as one.
public struct SamplePreview: Sendable, Hashable {
    /// Tokens that belong together.
    public struct Segment: Sendable, Hashable {
        /// Their text.
        public let text: String
        /// Their ids.
        public let tokenIDs: [Int32]
        /// Whether they are learned.
        public let isTrained: Bool
        /// Whether they stand for an image or a video: the same token over and over, of which `text` is one.
        public let isMedia: Bool
        /// What is told before it: "chosen", "rejected"; nil where the text goes on.
        public let heading: String?
    }

    /// Where the sample comes from.
    public let origin: RowOrigin
    /// The sample's tokens, in order.
    public let segments: [Segment]
    /// Its images, in order.
    public let images: [MediaSource]

    /// A sample that was encoded.
    ///
    /// - Parameters:
    ///   - labels: as long as the ids, ``EncodedExample/ignored`` where nothing is learned.
    ///   - mediaIDs: the tokens that images and videos are made of.
    ///   - headings: what is told before the tokens at these places: which answer begins there.
    ///   - images: the images that tokens stand for.
    public init(
        origin: RowOrigin, inputIDs: [Int32], labels: [Int32], tokenizer: Tokenizer, mediaIDs: Set<Int32> = [],
        headings: [Int: String] = [:], images: [MediaSource] = []
    ) {
        self.origin = origin
        self.images = images
        func kind(_ index: Int) -> (isTrained: Bool, media: Int32?) {
            let id = inputIDs[index]
            return (
                index < labels.count && labels[index] != EncodedExample.ignored, mediaIDs.contains(id) ? id : nil
            )
        }
        var segments: [Segment] = []
        var first = 0
        for index in inputIDs.indices {
            let next = index + 1
            if next < inputIDs.count, headings[next] == nil, kind(next) == kind(first) { continue }
            let ids = Array(inputIDs[first..<next])
            let (isTrained, media) = kind(first)
            let text = tokenizer.decode(media.map { [$0] } ?? ids, skipSpecialTokens: false)
            segments.append(
                Segment(
                    text: text, tokenIDs: ids, isTrained: isTrained, isMedia: media != nil, heading: headings[first]))
            first = next
        }
        self.segments = segments
    }

    /// All tokens.
    public var numTokens: Int { segments.reduce(0) { $0 + $1.tokenIDs.count } }
    /// Tokens that are learned.
    public var numTrained: Int { segments.reduce(0) { $0 + ($1.isTrained ? $1.tokenIDs.count : 0) } }

    /// "data set 'pets', pets.json, row 3: 57 tokens, 12 trained".
    public var title: String {
        let media = segments.filter(\.isMedia)
        let numMedia = media.reduce(0) { $0 + $1.tokenIDs.count }
        let note =
            media.isEmpty
            ? "" : ", \(numMedia) for \(media.count == 1 ? "1 image or video" : "\(media.count) images or videos")"
        return "\(origin): \(numTokens) tokens, \(numTrained) trained\(note)"
    }
}
