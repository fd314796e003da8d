import JSON

/// How a tool format writes a list of tools, found by looking at what it writes of made-up tools: words, each tool as JSON
/// (and its name), words. So a chat template has the format's own words.
struct JinjaToolList {
    private let head: String
    private let unit: String
    private let glue: String
    private let tail: String

    /// Made-up names, and the marks that take the places of what depends on a tool. None of them occurs in text.
    private static let names = ["\u{E000}", "\u{E001}"], date = "\u{E002}"
    private static let bare = "(tool['function'] if tool['type'] == 'function' else tool)"
    private static let wrapped = "(tool if tool['type'] == 'function' else {'type': 'function', 'function': tool})"

    /// The forms that JSON of a tool can have: the first that is found is it. A wrapped tool contains the bare one.
    private static let forms: [(mark: String, indent: Int?, isWrapped: Bool)] = [
        ("\u{E010}", 4, true), ("\u{E011}", nil, true), ("\u{E012}", 4, false), ("\u{E013}", nil, false),
    ]

    private static func tool(_ number: Int) -> JSONValue { .object([JSONMember("name", .string(names[number]))]) }

    /// - Returns: nil when the format is not of this kind.
    init?(_ format: some ToolFormat) {
        func described(_ numbers: [Int]) -> String? {
            let tools = numbers.map(Self.tool)
            guard var text = try? format.describe(tools, date: Self.date) else { return nil }
            for number in numbers {
                let bare = Self.tool(number)
                for form in Self.forms {
                    let json = form.isWrapped ? bare.wrappedTool : bare
                    text = text.replacingBytes(
                        form.indent.map { json.text(indent: $0) } ?? json.text(), with: form.mark)
                }
            }
            return text
        }
        func isOfTool(_ character: Unicode.Scalar) -> Bool {
            (0xE010...0xE013).contains(character.value) || Self.names.contains(String(character))
        }
        guard let one = described([0])?.unicodeScalars, let two = described([0, 1])?.unicodeScalars,
            let start = one.firstIndex(where: isOfTool), let end = one.lastIndex(where: isOfTool)
        else { return nil }
        let head = String(one[..<start]), unit = String(one[start...end]), tail = String(one[one.index(after: end)...])
        let other = unit.replacingBytes(Self.names[0], with: Self.names[1])
        let rest = String(two).dropFirst(0)
        guard rest.unicodeScalars.starts(with: (head + unit).unicodeScalars),
            rest.unicodeScalars.reversed().starts(with: (other + tail).unicodeScalars.reversed())
        else { return nil }
        let middle = rest.unicodeScalars.dropFirst((head + unit).unicodeScalars.count)
            .dropLast((other + tail).unicodeScalars.count)
        self.head = head
        self.unit = unit
        glue = String(String.UnicodeScalarView(middle))
        self.tail = tail
        // A list that keeps tools as they are shows it when a wrapped one is given.
        let wrapped = try? format.describe([Self.tool(0).wrappedTool], date: Self.date)
        keepsTools = unit == Self.forms[3].mark && wrapped?.bytesContain(Self.tool(0).wrappedTool.text()) == true
    }

    private let keepsTools: Bool

    /// Statements that write the variable `tools`.
    var jinja: String {
        let today = "strftime_now('%d %b %Y')"
        func output(_ text: String) -> String {
            var result = ""
            var words = ""
            func flush() {
                if !words.isEmpty { result += "{{ \(Template.literal(words)) }}" }
                words = ""
            }
            for scalar in text.unicodeScalars {
                let expression: String? =
                    switch String(scalar) {
                    case Self.date: today
                    case Self.names[0]: "\(Self.bare)['name']"
                    case let mark:
                        Self.forms.first { $0.mark == mark }.map { form in
                            let tool = keepsTools ? "tool" : form.isWrapped ? Self.wrapped : Self.bare
                            return "\(tool) | tojson" + (form.indent.map { "(indent=\($0))" } ?? "")
                        }
                    }
                guard let expression else {
                    words.unicodeScalars.append(scalar)
                    continue
                }
                flush()
                result += "{{ \(expression) }}"
            }
            flush()
            return result
        }
        return output(head) + "{% for tool in tools %}\(output(unit))"
            + (glue.isEmpty ? "" : "{% if not loop.last %}\(output(glue)){% endif %}") + "{% endfor %}" + output(tail)
    }
}

extension ToolFormat {
    public var jinjaDescription: String? { JinjaToolList(self)?.jinja }
}
