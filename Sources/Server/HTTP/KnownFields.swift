/// The fields that routes act on or refuse. What else a request has is named in the response's header `x-ignored-fields`,
/// so that a misspelt field does not stay unnoticed while clients may send fields of their own.
enum KnownFields {
    private static let sampling: Set<String> = [
        "model", "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "presence_penalty",
        "frequency_penalty", "seed",
        "logit_bias", "do_sample", "allowed_token_ids", "n", "stream", "stream_options", "stop", "stop_token_ids",
        "include_stop_str_in_output", "min_tokens", "max_tokens", "ignore_eos", "skip_special_tokens",
        "spaces_between_special_tokens", "logprobs", "prompt_logprobs", "response_format", "structured_outputs",
        "guided_json",
        "guided_regex", "guided_choice", "guided_json_object", "guided_grammar", "guided_structural_tag",
        "use_beam_search",
        "length_penalty", "early_stopping", "bad_words", "thinking_budget", "thinking_token_budget", "loop_guard",
        "repetition_detection", "return_token_ids", "return_tokens_as_token_ids",
        "logits_processors", "prompt_embeds", "chat_template", "suffix",
        "kv_transfer_params", "documents", "audio", "web_search_options", "request_id",
    ]
    private static let conversation: Set<String> = [
        "messages", "tools", "tool_choice", "parallel_tool_calls", "continue_final_message", "add_generation_prompt",
        "include_reasoning", "reasoning_effort", "chat_template_kwargs", "mm_processor_kwargs",
    ]
    private static let texts: Set<String> = ["model", "add_special_tokens", "truncate_prompt_tokens"]

    static let chat = sampling.union(conversation).union(["top_logprobs", "max_completion_tokens"])
    static let completion = sampling.union(texts).union(["prompt", "echo", "best_of"])
    static let embedding = texts.union(["input", "encoding_format", "dimensions", "request_id"])
    static let tokenize = conversation.union(texts).union(["prompt", "return_token_strs"])
    static let detokenize: Set<String> = ["model", "tokens"]
    static let score: Set<String> = ["model", "messages", "max_length", "request_id"]
    static let adapter: Set<String> = ["lora_name", "lora_path"]

    /// The fields of a body that are not among `known`, as far as they are plain words.
    static func others(_ keys: [String], known: Set<String>) -> String {
        keys.filter { key in
            !known.contains(key) && !key.isEmpty && key.utf8.count <= 64
                && key.utf8.allSatisfy {
                    ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || $0 == 0x5F || ($0 >= 0x30 && $0 <= 0x39)
                }
        }.prefix(20).joined(separator: ", ")
    }
}
