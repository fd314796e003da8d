import Foundation
import JSON

extension DemoTokenizer {
    /// The files of a Hugging Face tokenizer folder, by name: tokenizer.json, vocab.json, merges.txt, tokenizer_config.json.
    func files() throws -> [String: Data] {
        let lines = merges.map { ByteAlphabet.text(of: $0.left) + " " + ByteAlphabet.text(of: $0.right) }
        let vocabulary = JSONValue.object(baseTokens.enumerated().map { JSONMember($1, .int($0)) })
        return [
            "tokenizer.json": tokenizerFile(vocabulary).data(),
            "vocab.json": vocabulary.data(),
            "merges.txt": Data(("#version: 0.2\n" + lines.joined(separator: "\n") + "\n").utf8),
            "tokenizer_config.json": configFile.data(),
        ]
    }

    private func tokenizerFile(_ vocabulary: JSONValue) -> JSONValue {
        let byteLevel: JSONValue = [
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false,
        ]
        let split: JSONValue = [
            "type": "Split", "pattern": ["Regex": .string(PreTokenizer.pattern)],
            "behavior": "Isolated",
            "invert": false,
        ]
        let added = Self.specialTokens.enumerated().map { index, token in
            JSONValue.object(
                [JSONMember("id", .int(numBaseTokens + index)), JSONMember("content", .string(token))] + Self.flags)
        }
        let pairs = merges.map { merge in
            JSONValue.array([.string(ByteAlphabet.text(of: merge.left)), .string(ByteAlphabet.text(of: merge.right))])
        }
        return [
            "version": "1.0", "truncation": .null, "padding": .null, "added_tokens": .array(added),
            "normalizer": ["type": "NFC"],
            "pre_tokenizer": ["type": "Sequence", "pretokenizers": [split, byteLevel]],
            "post_processor": byteLevel, "decoder": byteLevel,
            "model": [
                "type": "BPE", "dropout": .null, "unk_token": .null, "continuing_subword_prefix": "",
                "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
                "vocab": vocabulary, "merges": .array(pairs),
            ],
        ]
    }

    private var configFile: JSONValue {
        let added = Self.specialTokens.enumerated().map { index, token in
            JSONMember(
                String(numBaseTokens + index), .object([JSONMember("content", .string(token))] + Self.flags))
        }
        return [
            "tokenizer_class": "Qwen2Tokenizer", "add_bos_token": false, "add_prefix_space": false,
            "added_tokens_decoder": .object(added),
            "additional_special_tokens": .array(Self.specialTokens.dropFirst().map { .string($0) }),
            "bos_token": .null, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "unk_token": .null,
            "chat_template": .string(Self.chatTemplate), "clean_up_tokenization_spaces": false,
            "errors": "replace", "model_max_length": 4096, "split_special_tokens": false,
        ]
    }

    private static let flags = [
        JSONMember("single_word", false), JSONMember("lstrip", false), JSONMember("rstrip", false),
        JSONMember("normalized", false), JSONMember("special", true),
    ]

    /// ChatML with the default system text of LLaMA-Factory's template qwen2_vl and one placeholder an image.
    private static let chatTemplate = """
        {%- if messages[0]['role'] != 'system' %}{{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}\
        {%- endif %}{%- for message in messages %}{{- '<|im_start|>' + message['role'] + '\\n' }}\
        {%- if message['content'] is string %}{{- message['content'] }}{%- else %}\
        {%- for part in message['content'] %}{%- if part['type'] == 'text' %}{{- part['text'] }}{%- else %}\
        {{- '<|vision_start|><|image_pad|><|vision_end|>' }}{%- endif %}{%- endfor %}{%- endif %}\
        {{- '<|im_end|>\\n' }}{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}
        """
}
