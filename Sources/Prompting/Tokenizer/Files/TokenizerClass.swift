import JSON

/// A tokenizer class of transformers that builds its own pipeline around a vocabulary, whatever tokenizer.json says.
///
/// LLaMA-Factory and vLLM load tokenizers through these classes, so that their rules decide about ids.
struct TokenizerClass: Sendable {
    enum Family: Sendable, Hashable { case llama, codeLlama, gemma, t5, xlmRoberta, other }

    let family: Family
    let normalizer: JSONValue
    let preTokenizer: JSONValue
    let decoder: JSONValue
    /// Members of `model` that the class sets.
    let model: [JSONMember]
    /// Texts of bos, eos, unk and pad where tokenizer_config.json names none.
    let namedTokens: [JSONMember]

    /// - Parameters:
    ///   - config: tokenizer_config.json.
    ///   - modelType: `model_type` of config.json, which decides where `tokenizer_class` is missing.
    init(config: JSONValue, modelType: String?) {
        var name = config["tokenizer_class"]?.stringValue ?? ""
        if name.hasSuffix("Fast") { name.removeLast(4) }
        switch (name, modelType ?? "") {
        case ("LlamaTokenizer", _): family = .llama
        case ("CodeLlamaTokenizer", _): family = .codeLlama
        case ("GemmaTokenizer", _): family = .gemma
        case ("T5Tokenizer", _): family = .t5
        case ("XLMRobertaTokenizer", _): family = .xlmRoberta
        case ("", "gemma"), ("", "gemma2"), ("", "gemma3"), ("", "gemma3_text"): family = .gemma
        case ("", "t5"), ("", "mt5"): family = .t5
        case ("", "xlm-roberta"): family = .xlmRoberta
        default: family = .other
        }
        let bytes =
            #"{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"}"#
        let words = #"{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}"#
        var texts = (normalizer: "null", preTokenizer: "null", decoder: "null", model: "{}", named: "{}")
        switch family {
        case .llama, .codeLlama:
            let addsSpace = config["add_prefix_space"]?.boolValue ?? true
            let scheme = !addsSpace ? "never" : config["legacy"]?.boolValue ?? false ? "always" : "first"
            let strip = addsSpace ? #",{"type":"Strip","content":" ","start":1,"stop":0}"# : ""
            texts.preTokenizer =
                #"{"type":"Metaspace","replacement":"▁","prepend_scheme":"\#(scheme)","split":false}"#
            texts.decoder = #"{"type":"Sequence","decoders":[\#(bytes)\#(strip)]}"#
            texts.model = #"{"unk_token":null,"fuse_unk":true,"byte_fallback":true,"ignore_merges":false}"#
            let infill =
                #","prefix_token":"▁<PRE>","middle_token":"▁<MID>","suffix_token":"▁<SUF>","eot_token":"▁<EOT>","fill_token":"<FILL_ME>""#
            texts.named =
                #"{"bos_token":"<s>","eos_token":"</s>","unk_token":"<unk>"\#(family == .codeLlama ? infill : "")}"#
        case .gemma:
            texts.normalizer = #"{"type":"Replace","pattern":{"String":" "},"content":"▁"}"#
            texts.preTokenizer =
                #"{"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious","invert":false}"#
            texts.decoder = #"{"type":"Sequence","decoders":[\#(bytes)]}"#
            texts.model = #"{"unk_token":"<unk>","fuse_unk":true,"byte_fallback":true,"ignore_merges":false}"#
            texts.named =
                #"{"bos_token":"<bos>","eos_token":"<eos>","unk_token":"<unk>","pad_token":"<pad>","mask_token":"<mask>"}"#
        case .t5, .xlmRoberta:
            texts.preTokenizer = #"{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},\#(words)]}"#
            texts.decoder = words
            texts.model = #"{"byte_fallback":false}"#
            texts.named =
                family == .t5
                ? #"{"eos_token":"</s>","unk_token":"<unk>","pad_token":"<pad>"}"#
                : #"{"bos_token":"<s>","eos_token":"</s>","unk_token":"<unk>","pad_token":"<pad>","mask_token":"<mask>"}"#
        case .other: break
        }
        normalizer = Self.value(texts.normalizer)
        preTokenizer = Self.value(texts.preTokenizer)
        decoder = Self.value(texts.decoder)
        model = Self.value(texts.model).members ?? []
        namedTokens = Self.value(texts.named).members ?? []
    }

    /// A value written above; all of them are valid.
    static func value(_ text: String) -> JSONValue { (try? JSONValue(parsing: text)) ?? .null }

    /// Whether the class replaces the pipeline of a tokenizer.json with this decoder. Files of other families that carry
    /// the class's name by mistake (DeepSeek, Llama 3) are left alone.
    func overrides(decoder: JSONValue) -> Bool {
        [.llama, .codeLlama, .gemma].contains(family) && decoder.text().contains("\"ByteFallback\"")
    }
}
