"""Clouds: machines, databases, files and whole accounts that are deleted from afar."""

from typing import Final

from eidos.validator.effects.call_table import calls
from eidos.validator.effects.cloud_code import CODE_EFFECTS
from eidos.validator.effects.effect import Effect

_DESTROY_ALL: Final = """
terraform   destroy    -auto-approve|-force|-f|-non-interactive|-terragrunt-non-interactive|<yes>
terraform   apply      -destroy  -auto-approve|-non-interactive|-terragrunt-non-interactive|<yes>
terraform   run-all|run destroy  -auto-approve|-non-interactive|-terragrunt-non-interactive|<yes>
terraform   run        @destroy  -all  -auto-approve|-non-interactive|<yes>
terraform   destroy-all
pulumi      destroy|down    -y|--yes|-f|<yes>
pulumi      stack rm   -f|--force|<yes>
cdk|cdktf   destroy    -f|--force|--auto-approve|<yes>
az          group      delete  -y|--yes|<yes>
az          **         server  delete  -y|--yes
az          storage|cosmosdb|batch  account  delete  -y|--yes|<yes>
az          cosmosdb   delete  -y|--yes|<yes>
az          account    delete|cancel
az          **         delete|purge  <all>
gcloud      **         projects  delete  -q|--quiet|<yes>
gcloud      **         delete    <all>
gcloud      **         organizations|folders  delete  -q|--quiet|<yes>
aws         s3         rb        --force
aws         s3         rm        --recursive <all>
aws         organizations  close-account|delete-organization|remove-account-from-organization
aws         account    close-account
aws         *          delete-db-*|delete-cluster  --skip-final-snapshot
aws         *          delete-cluster|delete-*  --skip-final-cluster-snapshot
aws         *          delete-*|terminate-*|remove-*|purge-*|deregister-*|batch-delete-*  <all>
gsutil      rm         -r|-R  @gs://*  !@gs://*/?*
gsutil      rm|rb      <all>
gcloud      storage    rm     <all>
mc          rm         -r|--recursive  --dangerous
mc          rb|rm      <all>
s3cmd|s4cmd|s5cmd  rb|rm|del  <all>
rclone      purge|delete  <all>
gcloud      storage    rm     -r|-R|--recursive  @gs://*  !@gs://*/?*
mc          rb         --force
s3cmd       rb         -r|--recursive|-f|--force
s5cmd       rb         --force
rclone      purge|delete  @*:|*:/
aws-nuke|nuke  **      --no-dry-run
aws-nuke    --no-dry-run
cloud-nuke  **         --force|<yes>
azure-nuke|gcp-nuke  ** --no-dry-run|--force|--quiet
openstack|nova|cinder|glance|neutron  **  delete|*-delete  <all>
openstack   project    purge
swift       delete     -a|--all
hcloud|doctl|scw|vultr-cli|linode-cli|oci|exo|upctl|civo  **  delete|remove|rm|destroy  <all>
heroku      apps:destroy|apps:delete  <all>
vercel|netlify|wrangler|firebase|railway  **  rm|remove|delete|sites:delete  <all>
ceph        osd        pool    delete|rm  <all>
flyctl|fly  apps|machine|volumes  destroy  <all>
firebase    projects:delete|apps:delete|functions:delete  <all>
supabase    projects  delete  <all>
influx      bucket|org  delete  <all>
firebase    firestore:delete   --all-collections  -f|--force|-y|--yes|<yes>
oci         os         bucket  delete  --empty|--force
cf          delete-org -f|<yes>
cf          delete-space -f|<yes>
rke         remove     --force|<yes>
ibmcloud    **         account  delete|cancel
"""
_DESTROY: Final = """
terraform   destroy
terraform   apply      -destroy
terraform   run-all|run @destroy
terraform   state      rm|push
terraform   taint
terraform   apply      -replace=*
terraform   workspace  delete
pulumi      destroy|down
pulumi      stack      rm
pulumi      state      delete
cdk|cdktf   destroy
serverless  remove
sam         delete
eb          terminate
copilot     app|env|svc|job  delete
amplify     delete
sst         remove
chalice     delete
zappa       undeploy
eksctl      delete
kops        delete
rke         remove
aws-nuke|cloud-nuke|azure-nuke|gcp-nuke  +
make|just|task  @destroy|nuke|tf-destroy|destroy-all
ansible|ansible-playbook  -a=*state=absent*|--args=*state=absent*
"""
_SMALL: Final = (
    "delete-tags|remove-tags*|delete-message*|remove-permission|delete-item|delete-object"
    "|delete-session|delete-network-acl-entry|remove-targets|remove-layer-version-permission"
)
"""One message, one item, one object, a label: what a program deletes every day."""
_DELETE: Final = f"""
aws     *   delete-*|remove-*  but:{_SMALL}  !@help
aws     *   terminate-*|purge-*|deregister-*|destroy-*|batch-delete-*|admin-delete-*  !@help
aws     *   schedule-key-deletion|release-address|release-hosts
aws     route53  change-resource-record-sets  --change-batch=*DELETE*
gcloud  **  delete|destroy|bulk-delete|undeploy  but:config|components|info
az      **  delete|purge|delete-batch|delete-by-ids
az      deployment  **  --mode=Complete|--mode=complete
bq      rm
oci     **  delete|terminate|bulk-delete|bulk-delete-resources|schedule-deletion
ibmcloud **  delete|rm|*-delete|*-rm|service-instance-delete|cancel
doctl   **  delete|rm
hcloud|scw|vultr-cli|exo|upctl|civo|ovhcloud  **  delete|destroy|terminate|remove|rm
aliyun|tccli  *  Delete*|Terminate*|Release*|Destroy*|rm
linode-cli|linode  **  delete|*-delete|rebuild
openstack|nova|cinder|glance|neutron  **  delete|*-delete|purge
swift   delete
cf      delete*|purge-*
flyctl|fly  **  destroy|delete
heroku  *:destroy|*:delete|pg:reset|repo:reset|destroy
vercel|now  **  rm|remove|del
netlify **  *:delete
firebase *:delete|hosting:disable|database:remove|*:destroy
wrangler **  delete|bulk-delete|purge
railway|render  **  delete|down
supabase **  delete
pscale|neonctl|neon|turso|nhost|appwrite|convex  **  delete|destroy
surge   teardown
hcloud|openstack|scw|vultr-cli|linode-cli|doctl  **  rebuild|reinstall
flarectl|fastly|doppler|ldcli|algolia|circleci|upstash|cloudflared|stripe  **  delete|destroy
"""
_FILES: Final = """
aws         s3       rm      --recursive
aws         s3       rb
aws         s3       sync    --delete
aws         s3api    delete-objects|delete-bucket
gsutil      rm       -r|-R|-a
gsutil      rm       @*[*]*
gsutil      rm       -I
gsutil      rb
gsutil      rsync    -d
gcloud      storage  rm      -r|-R|--recursive|-a|--all-versions
gcloud      storage  rm      @*[*]*
gcloud      storage  buckets delete
gcloud      storage  rsync   --delete-unmatched-destination-objects
s3cmd       del|rm   -r|--recursive|-f|--force
s3cmd       rb
s3cmd       sync     --delete-removed
s5cmd       rm       @*[*]*
s5cmd       rb
s5cmd       sync     --delete
s4cmd       del      -r|--recursive
mc          rm       -r|--recursive
mc          rb
mc          mirror   --remove
mc          admin    **  remove
azcopy      remove|rm    --recursive=*
azcopy      sync     --delete-destination=true
rclone      purge|delete|rmdirs|cleanup
rclone      sync     @*/empty|/dev/null|*empty*
b2          delete-bucket|delete-file-version|delete-key
b2          rm       -r|--recursive
b2          bucket|file|key   delete
b2          sync     --delete
rados       rmpool|purge
rados       rm       <some>
ceph        osd      pool    delete|rm
ceph        osd      purge|destroy|lost
ceph        fs       rm|fail
rbd         rm|remove
rbd         snap     purge|rm
rbd         trash    purge
radosgw-admin  bucket|user  rm
gdrive      delete   -r|--recursive
"""
_UNPROTECT: Final = """
aws      *  *  --no-deletion-protection|--no-enable-termination-protection
aws      ec2   modify-instance-attribute  --no-disable-api-termination
aws      s3api put-bucket-versioning      @*Suspended*
aws      s3api put-bucket-lifecycle-configuration  @*Days":1}*|*Days":?1}*
aws      s3api put-bucket-lifecycle-configuration  --lifecycle-configuration=*Days*1}*
aws      kms   disable-key
aws      backup  put-backup-vault-access-policy|disassociate-*
az       lock  delete
az       backup  protection  disable
gcloud   **    update|patch  --no-deletion-protection
gcloud   services  disable   --force
gcloud   kms   **  disable|destroy
"""
_AUDIT: Final = """
aws   cloudtrail     stop-logging|delete-trail|put-event-selectors|delete-event-data-store
aws   cloudtrail     stop-event-data-store-ingestion
aws   cloudtrail     update-trail  --no-include-global-service-events|--no-is-multi-region-trail
aws   cloudtrail     update-trail  --no-enable-log-file-validation
aws   configservice  stop-configuration-recorder|delete-configuration-recorder
aws   configservice  delete-delivery-channel
aws   guardduty      delete-detector|disassociate-*|stop-monitoring-members|create-filter
aws   guardduty      update-detector  --no-enable
aws   securityhub    disable-*
aws   macie2         disable-macie
aws   inspector2     disable
aws   detective      delete-graph
aws   accessanalyzer delete-analyzer
aws   ec2            delete-flow-logs
aws   logs           delete-log-group|delete-log-stream|delete-retention-policy
aws   logs           put-retention-policy  @1|3
aws   logs           put-retention-policy  --retention-in-days=1|--retention-in-days=3
aws   s3api          put-bucket-logging  @{}
aws   s3api          put-bucket-logging  --bucket-logging-status={}
aws   wafv2          delete-logging-configuration
aws   route53resolver  delete-resolver-query-log-config
gcloud  logging      sinks|buckets|logs|exclusions  delete
gcloud  logging      sinks  update  --disabled
gcloud  logging      buckets  update  --retention-days=[0-9]
gcloud  logging      resource-logs  delete
gcloud  scc          **  disable|delete
az    monitor        diagnostic-settings|log-profiles  delete
az    monitor        **  activity-log|log-analytics  **  delete
az    security       pricing  create  --tier=[fF]ree
az    security       pricing  create  @[fF]ree
az    sentinel       **  delete
oci   audit          config  update
oci   logging        log|log-group  delete
doctl monitoring     alert  delete
"""

EFFECTS: Final[tuple[Effect, ...]] = (
    calls("cloud-destroy-all", _DESTROY_ALL),
    calls("cloud-destroy", _DESTROY),
    calls("cloud-audit-off", _AUDIT),
    calls("cloud-delete-files", _FILES),
    calls("cloud-delete", _DELETE),
    calls("cloud-unprotect", _UNPROTECT),
    *CODE_EFFECTS,
)
