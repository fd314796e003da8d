extension Unicode.Scalar {
    /// White space as Python's `str.isspace` and `\s` see it.
    var isPythonSpace: Bool {
        switch value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    var isASCIIDigit: Bool { (0x30...0x39).contains(value) }

    /// Python's `isalpha`.
    var isPythonAlpha: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    /// Python's `isdigit`.
    var isPythonDigit: Bool { properties.numericType == .decimal || properties.numericType == .digit }

    /// Python's `isalnum`.
    var isPythonAlphanumeric: Bool { isPythonAlpha || properties.numericType != nil }

    /// `\w` of Python's regular expressions.
    var isWordCharacter: Bool { self == "_" || isPythonAlphanumeric }

    /// Whether Python's `repr` writes it as it is.
    var isPythonPrintable: Bool {
        if self == " " { return true }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            return false
        default: return true
        }
    }

    /// Where Python's `splitlines` ends a line.
    var isPythonLineEnd: Bool {
        switch value {
        case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }
}
