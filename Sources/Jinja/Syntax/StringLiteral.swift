/// Python's escapes in a string of a template.
enum StringLiteral {
    static func unescape(_ source: ArraySlice<Unicode.Scalar>, line: Int) throws -> String {
        var result = String.UnicodeScalarView()
        var index = source.startIndex
        let end = source.endIndex
        while index < end {
            let scalar = source[index]
            index += 1
            guard scalar == "\\", index < end else {
                result.append(scalar)
                continue
            }
            let mark = source[index]
            index += 1
            switch mark {
            case "\n": break
            case "\\", "'", "\"": result.append(mark)
            case "a": result.append("\u{07}")
            case "b": result.append("\u{08}")
            case "f": result.append("\u{0C}")
            case "n": result.append("\n")
            case "r": result.append("\r")
            case "t": result.append("\t")
            case "v": result.append("\u{0B}")
            case "0"..."7":
                var value = mark.value - 48
                var count = 1
                while count < 3, index < end, ("0"..."7").contains(source[index]) {
                    value = value * 8 + source[index].value - 48
                    index += 1
                    count += 1
                }
                result.append(Unicode.Scalar(value) ?? "\u{FFFD}")
            case "x", "u", "U":
                let width = mark == "x" ? 2 : mark == "u" ? 4 : 8
                var digits = String.UnicodeScalarView()
                digits.append(contentsOf: source[index..<min(index + width, end)])
                guard digits.count == width, let value = UInt32(String(digits), radix: 16), value <= 0x10FFFF else {
                    throw JinjaError(.syntax, "the escape \\\(mark) in a string is cut short", line: line)
                }
                // Swift has no halves of a pair; Python could not write them out either.
                result.append(Unicode.Scalar(value) ?? "\u{FFFD}")
                index += width
            case "N":
                throw JinjaError(.syntax, "\\N{…} in a string is not supported", line: line)
            default:
                result.append("\\")
                result.append(mark)
            }
        }
        return String(result)
    }
}
