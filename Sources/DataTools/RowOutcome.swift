public import Datasets
public import JSON

/// What becomes of a row that is brought into another form.
public enum RowOutcome: Sendable, Hashable {
    /// The columns of the new row.
    case row([JSONMember])
    /// The form cannot hold it, or there is nothing to learn from it.
    case dropped(DropReason)
}
