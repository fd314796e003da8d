import Datasets
import JSON

/// A prompt with {column} fields. Braces around anything that is no name, such as a JSON example, are text; {{ and }} are { and }.
struct PromptTemplate {
    private enum Piece {
        case text(String)
        case field(String)
    }

    private let pieces: [Piece]

    /// The columns that are named.
    var fields: [String] {
        pieces.compactMap { if case .field(let name) = $0 { name } else { nil } }
    }

    init(_ text: String) {
        var pieces: [Piece] = []
        var plain = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            if character == "{" || character == "}", rest.first == character {
                rest.removeFirst()
                plain.append(character)
            } else if character == "{", let end = rest.firstIndex(of: "}"), Self.isName(rest[..<end]) {
                pieces += [.text(plain), .field(String(rest[..<end]))]
                plain = ""
                rest = rest[rest.index(after: end)...]
            } else {
                plain.append(character)
            }
        }
        self.pieces = pieces + [.text(plain)]
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.first, first.isLetter || first == "_" else { return false }
        return text.allSatisfy { $0.isLetter || $0.isNumber || "_-. ".contains($0) }
    }

    /// The text for a row; nil when the row lacks a column or has null there.
    func text(for record: Record) -> String? {
        var text = ""
        for piece in pieces {
            switch piece {
            case .text(let plain): text += plain
            case .field(let name):
                guard let value = record[name], !value.isNull else { return nil }
                text += value.stringValue ?? value.text()
            }
        }
        return text
    }
}
