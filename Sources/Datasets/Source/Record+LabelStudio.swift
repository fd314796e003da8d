import JSON

extension Record {
    /// Whether the row is a task of a Label Studio export (JSON or JSON-MIN).
    public var isLabelStudioTask: Bool {
        let isFull = self["data"]?.members != nil && (self["annotations"] ?? self["completions"])?.arrayValue != nil
        return isFull || self["annotation_id"] != nil && self["lead_time"] != nil
    }

    /// Label Studio's exports are brought into another form first: which answer is meant is the user's choice.
    var labelStudioError: DataError? {
        guard isLabelStudioTask else { return nil }
        return DataError(
            """
            this is an export of Label Studio: make data of it with `anneal data convert \(file) --output labels.jsonl` (its \
            --question sets what is asked), and name that file
            """, file: file)
    }
}
