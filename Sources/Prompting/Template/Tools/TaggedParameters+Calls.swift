import JSON

extension TaggedParameters {
    /// Calls as `<function=NAME> <parameter=KEY>VALUE</parameter> … </function>` between the tags `open` and `close`.
    func calls(in answer: String, open: String, close: String) -> [FunctionCall]? {
        var calls: [FunctionCall] = []
        var start = answer.startIndex
        while let opening = answer.bytesRange(of: open, from: start) {
            start = opening.upperBound
            guard let function = answer.bytesRange(of: "<function=", from: start),
                String(answer[start..<function.lowerBound]).stripped.isEmpty,
                let end = functionEnd(answer, from: function.upperBound, close: close)
            else { continue }
            let body = answer[function.upperBound..<end.lowerBound].drop(while: \.isWhitespace)
            let name = body.prefix { !$0.isWhitespace && $0 != "<" && $0 != ">" }
            guard !name.isEmpty else { continue }
            let arguments = read(
                String(body.dropFirst(name.count)), open: "<parameter=", middle: ">", close: "</parameter>")
            calls.append(FunctionCall(name: String(name), arguments: arguments))
            start = end.upperBound
        }
        return calls.isEmpty ? nil : calls
    }

    /// The first `</function>` that only white space parts from `close`.
    private func functionEnd(_ text: String, from start: String.Index, close: String) -> Range<String.Index>? {
        var search = start
        while let end = text.bytesRange(of: "</function>", from: search) {
            if let closing = text.bytesRange(of: close, from: end.upperBound),
                String(text[end.upperBound..<closing.lowerBound]).stripped.isEmpty
            {
                return end.lowerBound..<closing.upperBound
            }
            search = end.upperBound
        }
        return nil
    }
}
