import Foundation

/// One self-contained page: a title and its sections.
public struct HTMLPage: Sendable {
    /// The page's title.
    public let title: String
    /// Pieces of HTML, one below the other.
    public let sections: [String]

    /// A page of these sections.
    public init(title: String, sections: [String]) {
        self.title = title
        self.sections = sections
    }

    /// Writes the page.
    public func write(to path: String) throws(DataError) {
        do { try Data(html.utf8).write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
            throw DataError("the page cannot be written: \(error.localizedDescription)", file: path)
        }
    }

    /// The page's text.
    public var html: String {
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
        <title>\(Self.escaped(title))</title>
        <style>
        body { font: 15px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222; }
        table { border-collapse: collapse; width: 100%; margin: .5em 0 1.5em; }
        td, th { padding: 1px 8px 1px 0; vertical-align: top; text-align: left; }
        td.n, th.n { text-align: right; white-space: nowrap; }
        td.l { width: 22%; text-align: right; overflow-wrap: anywhere; }
        td.b { width: 68%; } td.b div { background: #4c78a8; height: 14px; margin-top: 4px; min-width: 1px; }
        ul { padding-left: 1.2em; } li.detail { margin-left: 1.2em; overflow-wrap: anywhere; }
        img { max-height: 160px; max-width: 45%; margin: 0 .5em .5em 0; } .sum { overflow-x: auto; }
        .lossy h2 { color: #b00020; } pre { white-space: pre-wrap; background: #f4f4f4; padding: .7em; }
        .refused { background: #fde8ea; border-left: 4px solid #b00020; padding: .2em 1em; }
        .sample { overflow-wrap: anywhere; } mark { background: #b7e4c7; } .sample i { color: #7b4fa0; }
        </style></head><body>
        <h1>\(Self.escaped(title))</h1>
        \(sections.joined(separator: "\n"))
        </body></html>

        """
    }

    /// Text as HTML.
    public static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
