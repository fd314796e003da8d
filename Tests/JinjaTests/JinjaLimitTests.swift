import JSON
import Jinja
import Testing

@Suite struct JinjaLimitTests {
    static let hostile = [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{{ 'x' * 10000000000 }}", "{{ ['x'] * 10000000000 }}", "{{ range(10 ** 15) | list }}",
        "{% set ns = namespace(s='xxxxxxxx') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l | tojson }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% for x in [[]] recursive %}{{ loop([[]]) }}{% endfor %}",
        "{{ '%1000000000d' % 1 }}", "{{ '{:>1000000000}'.format(1) }}", "{{ 'a'.center(10 ** 12) }}",
        "{{ 'a' | indent(10 ** 12) }}", "{{ [1] | tojson(indent=10 ** 12) }}", "{{ 'a'.zfill(10 ** 12) }}",
        "{{ [1] | slice(10 ** 12) | list }}", "{{ [1] | batch(10 ** 12, 1) | list }}", "{{ 2 ** 100000000 }}",
        "{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}",
        "{% for i in range(99999) %}{{ 'x' * 100000 }}{% endfor %}",
        "\("{{ " + String(repeating: "(", count: 100_000))",
        "\("{{ 1" + String(repeating: "+1", count: 100_000) + " }}")",
        String(repeating: "{% if 1 %}", count: 10_000), "{{ \(String(repeating: "-", count: 100_000))1 }}",
    ]

    @Test(arguments: hostile.indices)
    func `a hostile template ends with an error`(index: Int) {
        #expect(throws: JinjaError.self) {
            _ = try JinjaTemplate(Self.hostile[index]).render([:], limits: JinjaLimits(numSteps: 300_000, seconds: 5))
        }
    }

    @Test(arguments: [
        "{{ ''.__class__.__mro__ }}", "{{ [].append(1) }}", "{{ {}.update(a=1) }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ '{0.__class__.__init__}'.format('x').x.y }}", "{% include '/etc/passwd' %}", "{% import 'os' as os %}",
        "{% extends 'x' %}",
    ])
    func `nothing of the host can be reached`(source: String) {
        #expect(throws: JinjaError.self) { _ = try JinjaTemplate(source).render([:]) }
    }

    @Test func `an error names the line and what went wrong`() {
        func message(_ source: String) -> String {
            do { return try JinjaTemplate(source).render(["d": ["a": 1]]).text } catch { return error.description }
        }
        #expect(message("a\n{{ d.b.c }}") == "chat template, line 2: 'dict object' has no attribute 'b'")
        #expect(
            message("\n\n{{ raise_exception('Roles must alternate') }}")
                == "chat template, line 3: Roles must alternate")
        #expect(message("{{ x|nope }}") == "chat template, line 1: there is no filter named 'nope'")
        #expect(
            message("{% if d %}\nx")
                == "chat template, line 2: the template ends before {% elif %} or {% else %} or {% endif %} of {% if %} in line 1"
        )
        #expect(
            message("\n{% include 'x' %}")
                == "chat template, line 2: {% include %} is refused: a chat template stands alone")
    }
}
