extension JSONValue {
    /// The text Python's `json.dumps` writes, character for character: floats as `repr` (1e-05), NaN and Infinity as such.
    ///
    /// - Parameters:
    ///   - indent: blanks a level, each item on its own line; nil for all on one line.
    ///   - sortsKeys: Python's `sort_keys`: by code point.
    ///   - escapesNonASCII: Python's `ensure_ascii`: everything outside ASCII as `\uXXXX`.
    ///   - numOpenLevels: how many levels `indent` opens; what is nested deeper stands on one line (not Python's).
    public func text(
        indent: Int? = nil, sortsKeys: Bool = false, escapesNonASCII: Bool = false, numOpenLevels: Int = .max
    ) -> String {
        var writer = JSONWriter(
            indent: indent, sortsKeys: sortsKeys, escapesNonASCII: escapesNonASCII, numOpenLevels: numOpenLevels)
        writer.write(self, depth: 0)
        return String(decoding: writer.output, as: UTF8.self)
    }
}
