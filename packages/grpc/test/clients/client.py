"""Reads a token stream with Debian's grpcio and nothing generated: descriptors come by server reflection."""
import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format

try:
    from google.protobuf.message_factory import GetMessageClass
except ImportError:  # protobuf before 4.22
    from google.protobuf.message_factory import MessageFactory

    def GetMessageClass(descriptor):
        return MessageFactory().GetPrototype(descriptor)


SERVICE = "sluice.v1.TokenStreamService"


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 2:
            length, at = varint(data, at)
            yield tag >> 3, data[at : at + length]
            at += length
        else:
            value, at = varint(data, at)
            yield tag >> 3, value


def reflected(channel):
    """The descriptors of the service, as its server tells them."""
    same = lambda data: data
    ask = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", same, same)
    question = bytes([0x22, len(SERVICE)]) + SERVICE.encode()
    pool = descriptor_pool.DescriptorPool()
    for answer in ask(iter([question])):
        for number, value in fields(answer):
            if number == 4:  # file_descriptor_response
                for _, file in fields(value):
                    pool.Add(descriptor_pb2.FileDescriptorProto.FromString(file))
    return pool


def main(address, prompt):
    channel = grpc.insecure_channel(address)
    pool = reflected(channel)
    message = lambda name: GetMessageClass(pool.FindMessageTypeByName("sluice.v1." + name))

    def call(method, request, kind):
        open_call = getattr(channel, kind)(
            "/%s/%s" % (SERVICE, method),
            request_serializer=lambda one: one.SerializeToString(),
            response_deserializer=message(method + "Response").FromString,
        )
        return open_call(json_format.ParseDict(request, message(method + "Request")()), timeout=20)

    def read(method, request):
        text, cursors, kinds, code = "", [], [], grpc.StatusCode.OK
        try:
            for response in call(method, request, "unary_stream"):
                for event in response.events:
                    kinds.append(event.WhichOneof("event"))
                    text += event.text
                    if event.cursor:
                        cursors.append(event.cursor)
        except grpc.RpcError as error:
            code = error.code()
        return {"text": text, "cursors": cursors, "kinds": kinds, "code": code.name}

    whole = read("Start", {"input": {"prompt": prompt}})
    stream, epoch, _ = whole["cursors"][-1].split(".")
    rest = read("Attach", {"ref": {"cursor": "%s.%s.2" % (stream, epoch)}})
    unknown = read("Attach", {"ref": {"id": ("1" if stream[0] == "0" else "0") + stream[1:]}})
    info = call("Info", {"ref": {"id": stream}}, "unary_unary")
    # What a reader wishes for may meet a fault of the server's own: that reading is over, and a next one goes on.
    start = {"input": {"prompt": prompt}, "idempotencyKey": "again", "onDisconnect": {"policy": "POLICY_CONTINUE"}}
    failed = read("Start", {**start, "maxTokens": 7})
    # gRPC's core drops what it has not handed over yet when a status comes that is not OK; on a busy machine, all of it.
    read_so_far = failed["cursors"][-1:]
    again = read("Attach", {"ref": {"cursor": read_so_far[0]}}) if read_so_far else read("Start", start)
    print(json.dumps({"failed": failed, "again": again, "whole": whole, "rest": rest, "unknown": unknown, "complete": info.info.end.complete}))


main(*sys.argv[1:])
