import JSON

extension RecordConverter {
    /// - Throws: where the texts have ms-swift's marks of grounding, for which each model wants another form.
    func refuseBoxes(_ record: Record) throws(Unusable) {
        guard description.messageLoss != nil, record["objects"]?.members != nil else { return }
        for mark in ["<bbox>", "<ref-object>"] where record.members.contains(where: { Self.holds($0.value, mark) }) {
            throw Unusable(
                """
                the text has a \(mark) mark, which is to be filled from `objects`: each model wants boxes in a form of its own, so \
                write them into the text as your model's documentation shows
                """, isMistake: true)
        }
    }

    private static func holds(_ value: JSONValue, _ mark: String) -> Bool {
        if let text = value.stringValue { return text.contains(mark) }
        if let list = value.arrayValue { return list.contains { holds($0, mark) } }
        return value.members?.contains { holds($0.value, mark) } ?? false
    }
}
