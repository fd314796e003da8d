/// What Python's `str` does, on code points.
extension String {
    var pythonUppercased: String { unicodeScalars.map(\.properties.uppercaseMapping).joined() }

    /// With Python's rule for the sigma at the end of a word.
    var pythonLowercased: String {
        guard unicodeScalars.contains("Σ") else { return unicodeScalars.map(\.properties.lowercaseMapping).joined() }
        let scalars = Array(unicodeScalars)
        return scalars.indices.map { index in
            guard scalars[index] == "Σ" else { return scalars[index].properties.lowercaseMapping }
            let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
            let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
            return before?.properties.isCased == true && after?.properties.isCased != true ? "ς" : "σ"
        }.joined()
    }

    /// Full case folding, of which Swift has no table: the two letters that matter, and lower case.
    var pythonCasefolded: String {
        unicodeScalars.map { scalar in
            switch scalar {
            case "ß", "ẞ": "ss"
            case "ς": "σ"
            default: scalar.properties.lowercaseMapping
            }
        }.joined()
    }

    var pythonCapitalized: String {
        guard let first = unicodeScalars.first else { return "" }
        return first.properties.titlecaseMapping + String(unicodeScalars.dropFirst()).pythonLowercased
    }

    /// Python's `title`: every letter after something that is none begins a word.
    var pythonTitle: String {
        var output = ""
        var isInside = false
        for scalar in unicodeScalars {
            output += isInside ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
            isInside = scalar.properties.isCased
        }
        return output
    }

    /// Without the given characters, or white space, at its ends.
    func stripped(_ characters: String? = nil, left: Bool = true, right: Bool = true) -> String {
        let set = characters.map { Set($0.unicodeScalars) }
        let isCut: (Unicode.Scalar) -> Bool = { set?.contains($0) ?? $0.isPythonSpace }
        var view = Substring(self).unicodeScalars
        if left { view = view.drop(while: isCut) }
        if right {
            while let last = view.last, isCut(last) { view.removeLast() }
        }
        return String(Substring(view))
    }

    enum Side { case left, right, center }

    /// Filled up to `width`; the text stands at `side`.
    func padded(to width: Int, with fill: String, _ side: Side, _ renderer: Renderer) throws -> String {
        let length = numCodePoints
        guard width > length else { return self }
        let missing = width - length
        try renderer.allocateCopies(missing, of: fill.utf8.count)
        let left: Int =
            switch side {
            case .left: 0
            case .right: missing
            case .center: missing / 2 + (missing & width & 1)
            }
        return String(repeating: fill, count: left) + self + String(repeating: fill, count: missing - left)
    }

    func expandingTabs(_ size: Int, _ renderer: Renderer) throws -> String {
        var output = ""
        var column = 0
        for scalar in unicodeScalars {
            switch scalar {
            case "\t":
                let count = size > 0 ? size - column % size : 0
                try renderer.allocate(count)
                output += String(repeating: " ", count: count)
                column += count
            case "\n", "\r":
                output.unicodeScalars.append(scalar)
                column = 0
            default:
                output.unicodeScalars.append(scalar)
                column += 1
            }
        }
        return output
    }

    /// The words between white space; with a limit the rest stays one piece.
    func words(limit: Int, fromRight: Bool) -> [String] {
        let scalars = fromRight ? unicodeScalars.reversed() : Array(unicodeScalars)
        var words: [[Unicode.Scalar]] = []
        var index = 0
        while true {
            while index < scalars.count, scalars[index].isPythonSpace { index += 1 }
            guard index < scalars.count else { break }
            var end = index
            if words.count == limit {
                end = scalars.count
                while scalars[end - 1].isPythonSpace { end -= 1 }
            } else {
                while end < scalars.count, !scalars[end].isPythonSpace { end += 1 }
            }
            words.append(Array(scalars[index..<end]))
            if words.count > limit { break }
            index = end
        }
        return fromRight ? words.reversed().map { String($0.reversed()) } : words.map { String($0) }
    }

    func lines(keepsEnds: Bool = false) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var index = unicodeScalars.startIndex
        while index < unicodeScalars.endIndex {
            let scalar = unicodeScalars[index]
            index = unicodeScalars.index(after: index)
            guard scalar.isPythonLineEnd else {
                line.append(scalar)
                continue
            }
            if keepsEnds { line.append(scalar) }
            if scalar == "\r", index < unicodeScalars.endIndex, unicodeScalars[index] == "\n" {
                if keepsEnds { line.append("\n") }
                index = unicodeScalars.index(after: index)
            }
            lines.append(String(line))
            line = String.UnicodeScalarView()
        }
        if !line.isEmpty { lines.append(String(line)) }
        return lines
    }

    /// Python's `isalpha` and its like.
    func isKind(_ name: String) -> Bool {
        let all: (((Unicode.Scalar) -> Bool)) -> Bool = { !isEmpty && unicodeScalars.allSatisfy($0) }
        switch name {
        case "isalnum": return all(\.isPythonAlphanumeric)
        case "isalpha": return all(\.isPythonAlpha)
        case "isascii": return utf8.allSatisfy { $0 < 0x80 }
        case "isdecimal": return all { $0.properties.numericType == .decimal }
        case "isdigit": return all(\.isPythonDigit)
        case "isnumeric": return all { $0.properties.numericType != nil }
        case "isspace": return all(\.isPythonSpace)
        case "isprintable": return unicodeScalars.allSatisfy(\.isPythonPrintable)
        case "isidentifier":
            guard let first = unicodeScalars.first, first == "_" || first.properties.isXIDStart else { return false }
            return unicodeScalars.allSatisfy { $0.properties.isXIDContinue }
        case "islower":
            return hasCased && unicodeScalars.allSatisfy { !$0.properties.isCased || $0.properties.isLowercase }
        case "isupper":
            return hasCased && unicodeScalars.allSatisfy { !$0.properties.isCased || $0.properties.isUppercase }
        case "istitle":
            var isInside = false
            for scalar in unicodeScalars {
                let isUpper = scalar.properties.isUppercase || scalar.properties.generalCategory == .titlecaseLetter
                if scalar.properties.isCased, isUpper == isInside { return false }
                isInside = scalar.properties.isCased
            }
            return hasCased
        default: return false
        }
    }

    private var hasCased: Bool { unicodeScalars.contains(where: \.properties.isCased) }
}
