extension DatasetDescription {
    /// Finds the second answer, or the verdict, in the columns of a data file that is in no dataset_info.json.
    mutating func detectPreference(_ keys: Set<String>, _ purpose: DataPurpose) throws(DataError) {
        func column(_ names: String...) -> String? { names.first(where: keys.contains) }
        switch purpose {
        case .answers, .texts: break
        case .pairs:
            isRanking = true
            columns.chosen = column("chosen", "chosen_response")
            columns.rejected = column("rejected_response", "rejected_messages", "rejected")
            guard columns.rejected == nil else { return }
            throw DataError(
                "none of the columns holds a rejected answer, which the stages rm and dpo need: name it rejected_response, rejected_messages or rejected",
                dataset: name, file: path)
        case .verdicts:
            columns.ktoTag = column("label", "kto_tag")
            guard columns.ktoTag == nil else { return }
            throw DataError(
                "no column says which answers are good, which the stage kto needs: add the column label with true or false",
                dataset: name, file: path)
        }
    }
}
