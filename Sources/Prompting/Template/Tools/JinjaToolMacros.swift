/// Macros that chat templates write tools with.
enum JinjaToolMacros {
    /// Arguments as JSON, which OpenAI's clients send as text already.
    static let json = """
        {% macro json_of(value) %}{% if value is string %}{{ value }}{% else %}{{ value | tojson }}{% endif %}{% endmacro %}
        """

    /// A call as an object, its arguments under `key`.
    static let object = """
        {% macro object_of(call, key) %}{{ '{"name": ' }}{{ call['name'] | tojson }}{{ ', "' + key + '": ' }}\
        {{ json_of(call['arguments']) }}{{ '}' }}{% endmacro %}
        """

    /// Arguments one by one: strings bare, everything else as JSON.
    static let parameters = """
        {% macro parameters_of(call, open, separator, close) %}{% if call['arguments'] is string %}\
        {{ raise_exception('the arguments of a tool call have to be an object') }}{% endif %}\
        {% for key, value in call['arguments'].items() %}{{ open + key + separator }}\
        {{ value if value is string else value | tojson }}{{ close }}{% endfor %}{% endmacro %}
        """

    /// All of them.
    static let all = json + object + parameters

    /// Calls with `separator` between them; `call` is the Jinja of one.
    static func list(_ call: String, separator: String) -> String {
        "{% for call in calls %}\(call){% if not loop.last %}{{ \(Template.literal(separator)) }}{% endif %}{% endfor %}"
    }

    /// Calls as objects.
    static func objects(_ key: String = "arguments", open: String = "", close: String = "", separator: String) -> String
    {
        list(
            "{{ \(Template.literal(open)) + object_of(call, '\(key)') + \(Template.literal(close)) }}",
            separator: separator)
    }
}

extension TaggedParameters {
    /// Jinja that writes the arguments of `call` as `write` does.
    var jinja: String {
        "parameters_of(call, \(Template.literal(open)), \(Template.literal(separator)), \(Template.literal(close)))"
    }
}
