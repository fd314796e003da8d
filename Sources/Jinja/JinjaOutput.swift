/// What a template wrote.
public struct JinjaOutput: Sendable, Hashable {
    public var text: String
    /// What stood in `{% generation %}` blocks, as UTF-8 offsets into `text`: transformers' assistant mask.
    public var generationRanges: [Range<Int>]
}
