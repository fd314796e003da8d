extension RunConfig {
    /// Every setting with its default, what it accepts and what it does, section by section, as YAML comments and lines.
    public static var documentation: String {
        sections.map { title, settings in
            "# \(title)\n" + settings.map { documentation(of: $0) }.joined()
        }.joined(separator: "\n")
    }

    /// The same for one key; nil when there is none.
    public static func documentation(of key: String) -> String? {
        index[key].map { documentation(of: $0.setting) }
    }

    private static func documentation(of setting: any AnySetting) -> String {
        let status =
            switch setting.status {
            case .supported: ""
            case .only(_, let reason): " Limited: \(reason)"
            case .noEffect(let reason): " No effect: \(reason)"
            case .refused(let reason): " Refused: \(reason)"
            }
        return "\(setting.key): \(setting.defaultText)  # \(setting.documentation) (\(setting.expectation))\(status)\n"
    }
}
