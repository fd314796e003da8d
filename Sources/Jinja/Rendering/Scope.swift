/// The names of one block; what is not here is looked up outside.
final class Scope {
    var names: [String: Value]
    let parent: Scope?

    init(_ parent: Scope?, _ names: [String: Value] = [:]) {
        self.parent = parent
        self.names = names
    }

    func find(_ name: String) -> Value? {
        var scope: Scope? = self
        while let here = scope {
            if let value = here.names[name] { return value }
            scope = here.parent
        }
        return nil
    }
}
