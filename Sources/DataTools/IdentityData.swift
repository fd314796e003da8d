public import Datasets
public import JSON

/// Fills the placeholders of identity data, LLaMA-Factory's identity.json: {{name}} and {{author}}.
public enum IdentityData {
    /// The languages that rows can be chosen by.
    public enum Language: String, Sendable, Hashable, CaseIterable {
        /// Rows with Chinese characters.
        case zh
        /// Rows without.
        case en
    }

    /// The rows with the placeholders filled.
    ///
    /// - Parameter language: leaves out the rows of the other language.
    /// - Throws: when no row has a placeholder.
    public static func filled(_ records: [Record], name: String, author: String, language: Language? = nil)
        throws(DataError) -> [[JSONMember]]
    {
        let chosen = records.filter { record in
            language.map { ($0 == .zh) == JSONValue.object(record.members).text().hasHan } ?? true
        }
        if chosen.isEmpty, let language {
            throw DataError("no row is in the language '\(language.rawValue)'", file: records.first?.file)
        }
        var numFilled = 0
        let rows = chosen.map { record in
            record.members.map { JSONMember($0.key, filled($0.value, name, author, &numFilled)) }
        }
        guard numFilled > 0 else {
            throw DataError(
                "no row has the placeholder {{name}} or {{author}}: name LLaMA-Factory's identity.json or a file like it",
                file: records.first?.file)
        }
        return rows
    }

    private static func filled(_ value: JSONValue, _ name: String, _ author: String, _ count: inout Int) -> JSONValue {
        switch value {
        case .string(let text):
            let filled = text.replacing("{{name}}", with: name).replacing("{{author}}", with: author)
            if filled != text { count += 1 }
            return .string(filled)
        case .array(let elements): return .array(elements.map { self.filled($0, name, author, &count) })
        case .object(let members):
            return .object(members.map { JSONMember($0.key, self.filled($0.value, name, author, &count)) })
        default: return value
        }
    }
}

extension String {
    /// Whether a Chinese character is in the text.
    var hasHan: Bool {
        unicodeScalars.contains { (0x4E00...0x9FFF).contains($0.value) || (0x3400...0x4DBF).contains($0.value) }
    }
}
